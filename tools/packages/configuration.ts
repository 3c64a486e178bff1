/** The configurations with which `deno task serve` starts its processes. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("./", import.meta.url));
const FILES = ["deno.json", "deno.lock"];

/**
 * Prepares the configuration of a process that needs few packages.
 *
 * Deno installs every package of a configuration. With the main one a first start would download the
 * packages of all tests. The configuration is copied to `.local`, where Deno installs its packages.
 *
 * @param name a folder of `tools/packages`.
 * @returns the options of `deno run`.
 */
export async function preparePackages(name: "serve" | "reference"): Promise<string[]> {
  const folder = join(".local", "packages", name);
  await Deno.mkdir(folder, { recursive: true });
  for (const file of FILES) {
    const text = await Deno.readTextFile(join(SOURCES, name, file));
    const target = join(folder, file);
    const current = await Deno.readTextFile(target).catch(() => "");
    if (text !== current) await Deno.writeTextFile(target, text);
  }
  return [`--config=${join(folder, "deno.json")}`, "--frozen"];
}
