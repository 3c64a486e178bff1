/** What a run depends on. */
import { arch, cpus, release, totalmem, type } from "node:os";

/** The machine and the programs of a run. */
export async function describeEnvironment(): Promise<Record<string, string | number>> {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `${type()} ${release()} ${arch()}`,
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    "memory GB": Math.round(totalmem() / 2 ** 30),
    Deno: Deno.version.deno,
    Node: await readNodeVersion(),
  };
}

async function readNodeVersion(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return "not installed";
  }
}
