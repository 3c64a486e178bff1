/** The package, packed once for the tests of a file by the command of this repository. */
import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = `${ROOT}tools/pack.ts`;

let packing: Promise<string> | undefined;

/** Packs the package unless this file has done so. @returns the path of the tarball. */
export function packOnce(): Promise<string> {
  return packing ??= pack();
}

async function pack(): Promise<string> {
  await Deno.mkdir(`${ROOT}.local`, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: `${ROOT}.local`, prefix: "pack-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return (await runProgram(PROGRAM, folder)).trim();
}

/** Runs a program that needs npm, Node or the bundler, which these tests may not run themselves. */
export async function runProgram(program: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, ...args],
    stderr: "inherit",
  }).output();
  assert(success, `${program} failed`);
  return new TextDecoder().decode(stdout);
}

/** Whether npm can be run. Without it these tests are skipped. */
export async function hasNpm(): Promise<boolean> {
  const code = 'await new Deno.Command("npm", { args: ["-v"] }).output()';
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stderr: "null",
  }).output();
  return success;
}
