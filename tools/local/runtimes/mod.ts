/** Runs the deployed form of the functions in a copy of each InsForge runtime, for tests. */
import { fileURLToPath } from "node:url";

/** What the runtimes run. */
export interface RuntimeOptions {
  /** Visible to every function, as on InsForge. */
  secrets: Record<string, string>;
  /** Additional functions for the workers: scripts, by slug. */
  scripts?: Record<string, string>;
  /** Additional functions for the cloud host: modules, by slug. */
  modules?: Record<string, string>;
}

/** Running runtimes. Each URL serves `/<slug>`. */
export interface Runtimes extends AsyncDisposable {
  /** InsForge cloud. */
  cloud: string;
  /** The self-hosted worker, on the current Deno. */
  worker: string;
  /** The self-hosted worker on the release of Deno that InsForge runs. */
  olderWorker: string;
  /** Everything that functions and runtimes have logged so far. */
  logs(): string;
}

/** Another Deno and some packages may have to be downloaded first. */
const START_TIMEOUT_MS = 900_000;
const START = fileURLToPath(new URL("start.ts", import.meta.url));

/**
 * Bundles the functions and starts them in every runtime, each in its own process on 127.0.0.1.
 *
 * Takes some seconds, more when a release of Deno must be downloaded first. Needs `--allow-run` for
 * the running Deno only. The runtimes end when this process ends.
 *
 * @throws {Error} when a runtime does not start. The message contains its error output.
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
  // Kept apart, because a chunk of one may end in the middle of a line.
  const logs = { stdout: "", stderr: "" };
  const collect = async (name: keyof typeof logs, output: ReadableStream<string>) => {
    for await (const text of output) logs[name] += text;
  };
  const collected = [collect("stderr", stderr.pipeThrough(new TextDecoderStream()))];

  const input = stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(options) + "\n"));
  const output = stdout.pipeThrough(new TextDecoderStream());
  const reader = output.getReader();
  const { value: urls } = await reader.read();
  clearTimeout(timeout);
  reader.releaseLock();
  collected.push(collect("stdout", output));
  if (!urls) {
    await Promise.all([...collected, status, input.close().catch(() => {})]);
    throw new Error(`The runtimes did not start: ${logs.stderr}`);
  }
  return {
    ...JSON.parse(urls),
    logs: () => logs.stdout + logs.stderr,
    async [Symbol.asyncDispose]() {
      await input.close();
      await Promise.all([...collected, status]);
    },
  };
}
