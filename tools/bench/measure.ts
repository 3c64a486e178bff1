/** One measurement of one server under one load. */
import type { Child } from "./child.ts";
import { applyLoad, createRequest, type RequestOptions } from "./load.ts";

/** A load on a server. */
export interface Scenario extends Omit<RequestOptions, "port"> {
  connections: number;
  durationMs: number;
  /** How many units one response counts for: 1 for a request, or the number of its chunks. */
  unitsPerAnswer: number;
}

/** The figures of one measurement. */
export interface Measurement {
  unitsPerSecond: number;
  /** The median time from the request to the first byte of the response's body. */
  firstByteMs: number;
  /** User and system time of the server's process. */
  cpuMicrosPerUnit: number;
  rssBytes: number;
}

/** Measures one server under one load. */
export async function measure(server: Child, scenario: Scenario): Promise<Measurement> {
  const before = await server.readConsumption();
  const load = await applyLoad(createRequest({ ...scenario, port: server.port }), scenario);
  const after = await server.readConsumption();
  const units = load.answers * scenario.unitsPerAnswer;
  return {
    unitsPerSecond: units / load.seconds,
    firstByteMs: toMedian(load.firstByteMs),
    cpuMicrosPerUnit: (after.cpuMicros - before.cpuMicros) / units,
    rssBytes: after.rssBytes,
  };
}

/** Returns the median of some numbers; NaN for none. */
export function toMedian(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;
}
