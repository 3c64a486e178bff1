/** The functions as they are when deployed, on this machine: in each runtime, from their artefacts. */
import { fileURLToPath } from "node:url";

/** What the runtimes are given. */
export interface RuntimeOptions {
  /** Every function sees all of them, as on the platforms. */
  secrets: Record<string, string>;
  /** Further functions for the workers, by slug, as scripts. */
  scripts?: Record<string, string>;
  /** Further functions for the cloud host, by slug, as modules. */
  modules?: Record<string, string>;
}

/** Running runtimes, each by the address below which it serves `/<slug>`. */
export interface Runtimes extends AsyncDisposable {
  /** InsForge cloud's. */
  cloud: string;
  /** The self-hosted worker, on this Deno. */
  worker: string;
  /** The self-hosted worker on the release of Deno that InsForge runs. */
  olderWorker: string;
  /** Everything the functions and the runtimes have logged so far, on both outputs. */
  logs(): string;
}

/** Another Deno and some packages may have to be fetched first. */
const START_TIMEOUT_MS = 900_000;
const START = fileURLToPath(new URL("start.ts", import.meta.url));

/**
 * Bundles the functions and starts them in every runtime, each in a process of its own on 127.0.0.1.
 *
 * Takes some seconds, more when a release of Deno must be fetched first. Needs `--allow-run` for the
 * running Deno only. Whatever happens to this process, the runtimes end with it.
 *
 * @throws {Error} when a runtime does not start, with what it wrote about that.
 */
export async function startRuntimes(options: RuntimeOptions): Promise<Runtimes> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", START],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { stdin, stdout, stderr, status } = process;
  const timeout = setTimeout(() => process.kill(), START_TIMEOUT_MS);
  const logs = { stdout: "", stderr: "" }; // apart, so that neither cuts a line of the other
  const collect = async (name: keyof typeof logs, output: ReadableStream<string>) => {
    for await (const text of output) logs[name] += text;
  };
  const collected = [collect("stderr", stderr.pipeThrough(new TextDecoderStream()))];

  const input = stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(options) + "\n"));
  const output = stdout.pipeThrough(new TextDecoderStream());
  const reader = output.getReader();
  const { value: addresses } = await reader.read();
  clearTimeout(timeout);
  reader.releaseLock();
  collected.push(collect("stdout", output));
  if (!addresses) {
    await Promise.all([...collected, status, input.close().catch(() => {})]);
    throw new Error(`The runtimes did not start: ${logs.stderr}`);
  }
  return {
    ...JSON.parse(addresses),
    logs: () => logs.stdout + logs.stderr,
    async [Symbol.asyncDispose]() {
      await input.close();
      await Promise.all([...collected, status]);
    },
  };
}
