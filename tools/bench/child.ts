/** Processes of the benchmark, as the one that starts them sees them. */
import type { Consumption } from "./parent.ts";

/** A running process. Disposing of it ends it, and waits until it has ended. */
export interface Child extends AsyncDisposable {
  /** Where it listens on 127.0.0.1. */
  port: number;
  /** What it has used since it started. */
  readConsumption(): Promise<Consumption>;
}

/** How a script is started. */
export interface ChildOptions {
  /** Flags for `deno run`. */
  permissions: string[];
  /** The script's own arguments. */
  args?: string[];
  /** Variables laid over this process' environment. */
  env?: Record<string, string>;
}

/**
 * Starts a script of this folder in a process of its own; what it writes to stdout is thrown away by
 * the system.
 *
 * @param script the file's name; it must call `reportToParent`.
 * @throws {Error} when the script ends before it listens; the message holds what it had to say.
 */
export async function startChild(script: string, options: ChildOptions): Promise<Child> {
  const { permissions, args = [], env } = options;
  const file = new URL(script, import.meta.url).href;
  // By name, as `--allow-run=deno` grants it. `Deno.execPath()` may be another file: package
  // managers put links in between.
  const child = new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", ...permissions, file, ...args],
    env,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const stderr = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";

  /** The next line that is a message: Deno's own warnings stand on stderr, too. */
  async function readMessage<T>(): Promise<T> {
    for (;;) {
      const [, message] = /^(\{.*)\n/m.exec(held) ?? [];
      if (message) {
        held = "";
        return JSON.parse(message);
      }
      const { value, done } = await stderr.read();
      if (done) throw new Error(`${script} ended early: ${held}`);
      held += value;
    }
  }

  async function end(): Promise<void> {
    await stdin.close().catch(() => {}); // already gone, then
    await stderr.cancel();
    await child.status;
  }

  try {
    const { port } = await readMessage<{ port: number }>();
    return {
      port,
      async readConsumption() {
        await stdin.write(new Uint8Array([10]));
        return await readMessage<Consumption>();
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (failure) {
    await end();
    throw failure;
  }
}
