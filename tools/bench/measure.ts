/** One measurement of one server under one load. */
import type { Child } from "./child.ts";
import { applyLoad, createRequest, type RequestOptions } from "./load.ts";

/** What is asked of a server, and how hard. */
export interface Scenario extends Omit<RequestOptions, "port"> {
  connections: number;
  durationMs: number;
  /** What one answer counts for: one request, or so many chunks. */
  unitsPerAnswer: number;
}

/** What came of it. */
export interface Measurement {
  unitsPerSecond: number;
  /** The median, from the request to the first byte of the answer's body. */
  firstByteMs: number;
  /** User and system time of the server's process. */
  cpuMicrosPerUnit: number;
  rssBytes: number;
}

/** Measures one server under the scenario's load. */
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

/** The middle one of some numbers. */
export function toMedian(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
