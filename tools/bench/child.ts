/** Starts the processes of the benchmark and talks to them. */
import type { Consumption } from "./parent.ts";

/** A running process. `await using` stops it and waits until it has exited. */
export interface Child extends AsyncDisposable {
  /** The port of 127.0.0.1 on which it listens. */
  port: number;
  /** The id of its process. */
  pid: number;
  /** Returns the CPU time and memory that the process has used since it started. */
  readConsumption(): Promise<Consumption>;
}

/** The options of a process. */
export interface ChildOptions {
  /** Flags for `deno run`. */
  permissions: string[];
  /** The script's own arguments. */
  args?: string[];
  /** Variables added to the environment of this process. */
  env?: Record<string, string>;
}

/**
 * Starts a script of this folder in a process of its own. Its standard output is discarded.
 *
 * @param script the name of the file, which must call `reportToParent`.
 * @throws {Error} when the script ends before it listens; the message holds its output.
 */
export async function startChild(script: string, options: ChildOptions): Promise<Child> {
  const { permissions, args = [], env } = options;
  const file = new URL(script, import.meta.url).href;
  // By name, as `--allow-run=deno` grants it. `Deno.execPath()` may be another file, because package
  // managers use links.
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

  /** Reads the next line that is a message. Deno writes its own warnings to stderr, too. */
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
      pid: child.pid,
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
