/** Interleaved rounds of measurements, and what their medians and ratios are. */
import type { Contestant, ContestantName } from "./contestants.ts";
import { hasLedger } from "./contestants.ts";
import type { LedgerWork } from "./ledger_server.ts";
import type { Load } from "./load.ts";
import type { Bench } from "./session.ts";

/** A load that every contestant gets. */
export interface Work {
  name: string;
  path: "json" | "stream";
  /** JSON. */
  body: string;
  connections: number;
  durationMs: number;
  /** How many units a response counts for: 1 unless given, or the number of its chunks. */
  unitsPerResponse?: number;
  /** Contestants that are left out of it. */
  without?: ContestantName[];
}

/** The figures of one contestant under one load. */
export interface Measurement {
  /** Responses per second, or chunks. */
  perSecond: number;
  /** The median time to the first byte of a response's body. */
  firstByteMs: number;
  /** The median time to the end of a response, and the 99th percentile. */
  wholeMs: number;
  p99Ms: number;
  /** User and system time of the server's process per response, or per chunk. */
  cpuMicros: number;
  /** Per response: calls to InsForge that a response waits for, and others. */
  waitedTrips: number;
  laterTrips: number;
  /** CPU time of InsForge's process and of the database per response. */
  restCpuMicros: number;
  databaseCpuMicros: number;
}

/** Which figure of a measurement is meant. */
export type Figure = keyof Measurement;

/** How often, and how long, the rounds are run. */
export interface RoundOptions {
  rounds: number;
  /** Load on a contestant before its turn, repeated until its CPU time per unit is steady. */
  warmUp?: Work;
}

/** The measurements of all rounds. */
export class Rounds {
  readonly #all = new Map<string, Measurement[]>();

  /** Keeps a measurement of the next round. */
  add(work: string, contestant: ContestantName, measurement: Measurement): void {
    const name = toKey(work, contestant);
    this.#all.set(name, [...this.#all.get(name) ?? [], measurement]);
  }

  /** Whether a contestant was measured. */
  has(work: string, contestant: ContestantName): boolean {
    return this.#all.has(toKey(work, contestant));
  }

  /** The median of a figure over all rounds; NaN without measurements. */
  median(work: string, contestant: ContestantName, figure: Figure): number {
    return toMedian(this.#list(work, contestant).map(({ [figure]: value }) => value));
  }

  /** The median of a figure's ratio to a peer's, each taken within a round. */
  ratio(
    work: string,
    [contestant, peer]: [ContestantName, ContestantName],
    figure: Figure,
  ): number {
    return this.#compare(work, [contestant, peer], (own, other) => own[figure] / other[figure]);
  }

  /** The median of a figure's difference from a peer's, each taken within a round. */
  difference(
    work: string,
    [contestant, peer]: [ContestantName, ContestantName],
    figure: Figure,
  ): number {
    return this.#compare(work, [contestant, peer], (own, other) => own[figure] - other[figure]);
  }

  #compare(
    work: string,
    [contestant, peer]: [ContestantName, ContestantName],
    compare: (own: Measurement, other: Measurement) => number,
  ): number {
    const others = this.#list(work, peer);
    return toMedian(
      this.#list(work, contestant).flatMap((own, round) => {
        const other = others[round];
        return other ? [compare(own, other)] : [];
      }),
    );
  }

  #list(work: string, contestant: ContestantName): Measurement[] {
    return this.#all.get(toKey(work, contestant)) ?? [];
  }
}

/** A load that took longer is not repeated in later rounds. */
const SLOW_MS = 8_000;

/**
 * Measures every work on every contestant, round by round. In its turn a contestant gets all works in a
 * row: a server that was idle while others were measured is slower at first. The contestants take turns
 * in being first, so that other load on the machine affects all of them. A contestant from elsewhere that
 * fails under a load is left out of it, with a note.
 */
export async function runRounds(
  bench: Bench,
  contestants: Contestant[],
  works: Work[],
  { rounds, warmUp }: RoundOptions,
): Promise<Rounds> {
  const results = new Rounds();
  const done = new Set<string>();
  const run = async (contestant: Contestant, work: Work, isKept: boolean) => {
    const key = toKey(work.name, contestant.name);
    if (done.has(key) || work.without?.includes(contestant.name)) return;
    const startedAt = performance.now();
    const measurement = await bench.attempt(
      contestant.name,
      work.name,
      () => measure(bench, contestant, work),
    );
    if (isKept && measurement) results.add(work.name, contestant.name, measurement);
    const isSlow = isKept && performance.now() - startedAt > SLOW_MS;
    if (!measurement || isSlow) done.add(key);
    return measurement;
  };
  for (let round = 0; round < rounds; round++) {
    bench.report(`round ${round + 1} of ${rounds}`);
    for (const contestant of rotate(contestants, round)) {
      if (warmUp) {
        await repeatUntilSteady(async () => (await run(contestant, warmUp, false))?.cpuMicros);
      }
      for (const work of works) await run(contestant, work, true);
    }
  }
  return results;
}

/** A load gains when it costs less than this part of the lowest CPU time before it. */
const GAIN = 0.97;
const MAX_WARM_UPS = 8;

/**
 * Repeats a load until two in a row gain nothing, at most 8 times: V8 keeps compiling for seconds, drops
 * code of an idle server, and needs the longer the more code there is. Servers under load run for hours.
 *
 * @param load applies it and returns its CPU time per unit; undefined ends the warm-up.
 */
export async function repeatUntilSteady(load: () => Promise<number | undefined>): Promise<void> {
  let lowest = Infinity;
  let steady = 0;
  for (let count = 0; count < MAX_WARM_UPS && steady < 2; count++) {
    const micros = await load();
    if (micros === undefined) return;
    steady = micros < lowest * GAIN ? 0 : steady + 1;
    lowest = Math.min(lowest, micros);
  }
}

/** Measures one contestant under one load. */
export async function measure(
  bench: Bench,
  { name, server, paths, headers }: Contestant,
  { path, body, connections, durationMs, unitsPerResponse = 1 }: Work,
): Promise<Measurement> {
  const ledger = hasLedger(name) ? bench.surroundings.ledger : undefined;
  const workBefore = await ledger?.ask<LedgerWork>({});
  const before = await server.readConsumption();
  let load: Load;
  try {
    load = await bench.load({
      ...{ ports: [server.port], path: paths[path], headers, body, connections, durationMs },
    });
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  }
  const after = await server.readConsumption();
  const workAfter = await ledger?.ask<LedgerWork>({});
  const { responses, seconds, firstByteMs, wholeMs, p99Ms } = load;
  const units = responses * unitsPerResponse;
  const perResponse = (read: (work: LedgerWork) => number) =>
    workBefore && workAfter ? (read(workAfter) - read(workBefore)) / responses : 0;
  return {
    perSecond: units / seconds,
    firstByteMs,
    wholeMs,
    p99Ms,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / units,
    waitedTrips: perResponse(({ reserving }) => reserving),
    laterTrips: perResponse(({ other }) => other),
    restCpuMicros: perResponse(({ restCpuMicros }) => restCpuMicros),
    databaseCpuMicros: perResponse(({ databaseCpuMicros }) => databaseCpuMicros),
  };
}

/** The median of some numbers, the mean of the two in the middle if need be; NaN for none. */
export function toMedian(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** The list with another element first in each round, and in the opposite order in every second. */
function rotate<T>(list: T[], round: number): T[] {
  const start = (round >> 1) % list.length;
  const rotated = [...list.slice(start), ...list.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}

function toKey(work: string, contestant: ContestantName): string {
  return `${contestant} ${work}`;
}
