/** Starts the processes of the benchmark and talks to them. */
import type { Consumption } from "./parent.ts";

/** A running process. `await using` stops it and waits until it has exited. */
export interface Child extends AsyncDisposable {
  /** The port of 127.0.0.1 on which it listens. */
  port: number;
  /** The id of its process. */
  pid: number;
  /** Resolves when the process has exited. */
  ended: Promise<unknown>;
  /** Returns the CPU time and memory that the process has used since it started. */
  readConsumption(): Promise<Consumption>;
  /**
   * Sends a message and returns the reply.
   *
   * @throws {Error} when the process fails or does not reply in time.
   */
  ask<T>(message: unknown, timeoutMs?: number): Promise<T>;
}

/** The options of a process. */
export interface ChildOptions {
  /** Flags for `deno run`. */
  permissions: string[];
  /** The script's own arguments. */
  args?: string[];
  /** Variables added to the environment of this process. */
  env?: Record<string, string>;
  /** How long it may take to listen. */
  startMs?: number;
}

/** How long a process may take to start, to reply, and to end. */
const START_MS = 30_000;
const REPLY_MS = 30_000;
const END_MS = 10_000;

/**
 * Starts a script of this folder in a process of its own. Its standard output is discarded.
 *
 * @param script the name of the file, which must call `reportToParent`.
 * @throws {Error} when the script ends before it listens, or does not listen in time; the message
 *   holds its output.
 */
export async function startChild(script: string, options: ChildOptions): Promise<Child> {
  const { permissions, args = [], env, startMs = START_MS } = options;
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
  async function readMessage<T extends object>(): Promise<T> {
    for (;;) {
      const [, message] = /^(\{.*)\n/m.exec(held) ?? [];
      if (message) {
        held = "";
        const parsed = JSON.parse(message);
        if ("failure" in parsed) throw new Error(`${script}: ${parsed.failure}`);
        return parsed;
      }
      const { value, done } = await stderr.read();
      if (done) throw new Error(`${script} ended early: ${held}`);
      held += value;
    }
  }

  async function ask<T>(line: string, timeoutMs: number): Promise<T> {
    await stdin.write(new TextEncoder().encode(`${line}\n`));
    return await within(timeoutMs, readMessage<T & object>(), `${script} did not reply`);
  }

  async function end(): Promise<void> {
    await stdin.close().catch(() => {}); // it has already exited
    stderr.cancel().catch(() => {});
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    await child.status;
    clearTimeout(timer);
  }

  try {
    const { port } = await within(
      startMs,
      readMessage<{ port: number }>(),
      `${script} does not listen`,
    );
    return {
      port,
      pid: child.pid,
      ended: child.status,
      readConsumption: () => ask("", REPLY_MS),
      ask: (message, timeoutMs = REPLY_MS) => ask(JSON.stringify(message), timeoutMs),
      [Symbol.asyncDispose]: end,
    };
  } catch (failure) {
    await end();
    throw failure;
  }
}

/** Waits for a promise, and throws when it takes longer than this. */
export async function within<T>(ms: number, promise: Promise<T>, failure: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${failure} within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
