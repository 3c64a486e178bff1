/**
 * The child's side of the benchmark's processes: it reports its port on stderr, then replies to each
 * line on stdin with one line of JSON on stderr. Stdout is for the server under test.
 */
import process from "node:process";

/** The resources that a process has used since it started. */
export interface Consumption {
  /** User and system time, microseconds. */
  cpuMicros: number;
  /** Resident memory at this moment, bytes. */
  rssBytes: number;
}

/** What a child does for its parent. */
export interface ChildServices {
  /** Returns the resources used by what this child stands for; those of this process unless given. */
  readConsumption?(): Promise<Consumption>;
  /** Replies to a message of the parent. */
  reply?(message: unknown): Promise<unknown>;
  /** Stops what this child has started, before it exits. */
  stop?(): Promise<void>;
}

/**
 * Reports the port of this process, serves its parent, and exits when stdin ends, so that no process
 * outlives its parent. An empty line asks for the {@link Consumption}; another line is a message as
 * JSON.
 */
export async function reportToParent(port: number, services: ChildServices = {}): Promise<never> {
  const { readConsumption = readOwnConsumption, reply, stop } = services;
  send({ port });
  let held = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (held + text).split("\n");
    held = lines.pop()!;
    for (const line of lines) {
      try {
        send(line === "" ? await readConsumption() : await reply!(JSON.parse(line)));
      } catch (error) {
        send({ failure: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  await stop?.();
  Deno.exit();
}

/** Reads the consumption of this process. */
export function readOwnConsumption(): Promise<Consumption> {
  const { user, system } = process.cpuUsage();
  return Promise.resolve({ cpuMicros: user + system, rssBytes: Deno.memoryUsage().rss });
}

/** The length of a clock tick in `/proc/<pid>/stat`, and of a page, on Linux. */
const MICROS_PER_TICK = 10_000;
const PAGE_BYTES = 4_096;

/** Reads the consumption of other processes from `/proc`; zeros where the system has none. */
export async function readConsumptionOf(pids: number[]): Promise<Consumption> {
  const sum = { cpuMicros: 0, rssBytes: 0 };
  for (const pid of pids) {
    const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    // The second field is the program's name, which may contain spaces.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
    const [user = 0, system = 0] = fields.slice(11, 13);
    sum.cpuMicros += (user + system) * MICROS_PER_TICK;
    sum.rssBytes += (fields[21] ?? 0) * PAGE_BYTES;
  }
  return sum;
}

function send(message: unknown): void {
  Deno.stderr.writeSync(new TextEncoder().encode(JSON.stringify(message) + "\n"));
}
