/** `deno task start` as a process of its own. */
import { type Environment, settingNames } from "../../shared/settings.ts";

const ROOT = new URL("../../", import.meta.url);

/** A running server. Disposing it asks it to stop, and waits for its end. */
export interface ServerProcess extends AsyncDisposable {
  url: string;
  process: Deno.ChildProcess;
  /** Everything that the process writes to its standard output: the log lines. */
  output: Promise<string>;
}

/** How a server is started and stopped. */
export interface SpawnOptions {
  /** Arguments of Deno; the task unless given. */
  args?: string[];
  /** Environment variables that are none of the project's settings. */
  variables?: Record<string, string>;
  /** The signal that stops it. */
  signal?: Deno.Signal;
}

/** Starts the task as a process, with exactly these settings. */
export async function spawnServer(
  environment: Environment,
  { args = ["task", "--quiet", "start"], variables, signal = "SIGTERM" }: SpawnOptions = {},
): Promise<ServerProcess> {
  const process = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: {
      ...Object.fromEntries(settingNames.map((name) => [name, environment.get(name) ?? ""])),
      ...variables,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = new Response(process.stdout).text();
  const errors = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/Functions {2}(\S+)\/<slug>/.test(text)) {
    const { value, done } = await errors.read();
    if (done) throw new Error(`The server did not start: ${text}`);
    text += value;
  }
  const url = /Functions {2}(\S+)\/<slug>/.exec(text)![1]!;
  return {
    url,
    process,
    output,
    async [Symbol.asyncDispose]() {
      try {
        process.kill(signal);
      } catch {
        // It has ended already.
      }
      await errors.cancel();
      await Promise.all([process.status, output]);
    },
  };
}
