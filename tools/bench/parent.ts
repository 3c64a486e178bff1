/** The line from a process of the benchmark back to the one that started it. */
import process from "node:process";

/** What a process has used since it started. */
export interface Consumption {
  /** User and system time, microseconds. */
  cpuMicros: number;
  /** Resident memory at this moment, bytes. */
  rssBytes: number;
}

/**
 * Tells the parent this process' port on stderr, answers every line on stdin with the
 * {@link Consumption} so far, and exits when stdin ends: no process outlives its parent, however
 * that one ended. Stdout stays free for what the server under test writes.
 */
export async function reportToParent(port: number): Promise<never> {
  tell({ port });
  for await (const _line of Deno.stdin.readable) {
    const { user, system } = process.cpuUsage();
    tell({ cpuMicros: user + system, rssBytes: Deno.memoryUsage().rss });
  }
  Deno.exit();
}

function tell(message: { port: number } | Consumption): void {
  Deno.stderr.writeSync(new TextEncoder().encode(JSON.stringify(message) + "\n"));
}
