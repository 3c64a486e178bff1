/** Reports from a process of the benchmark to its parent. */
import process from "node:process";

/** The resources that a process has used since it started. */
export interface Consumption {
  /** User and system time, microseconds. */
  cpuMicros: number;
  /** Resident memory at this moment, bytes. */
  rssBytes: number;
}

/**
 * Reports the port of this process on stderr, responds to every line on stdin with the
 * {@link Consumption} so far, and exits when stdin ends, so that no process outlives its parent.
 * Stdout is for the server under test.
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
