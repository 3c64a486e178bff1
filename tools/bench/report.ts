/** Prints the benchmark's results: a table, and a line to compare with the aims. */
import { type Measurement, toMedian } from "./measure.ts";

/** One scenario on both servers, one right after the other. */
export interface Pair {
  /** The passthrough. */
  base: Measurement;
  ours: Measurement;
}

/** All scenarios, measured once. */
export interface Round {
  /** JSON responses, one request at a time. */
  jsonOne: Pair;
  /** JSON responses, many requests at a time. */
  jsonMany: Pair;
  /** Streams whose first word comes by itself, one at a time. */
  firstByte: Pair;
  /** Many streams at a time, at full speed. */
  chunks: Pair;
}

/** The most that the guards may cost. */
const AIMS = { jsonRatio: 0.7, chunkRatio: 0.3, addedMs: 0.5 };

type Read = (measurement: Measurement) => number;

const perSecond: Read = ({ unitsPerSecond }) => unitsPerSecond;
const firstByteMs: Read = ({ firstByteMs }) => firstByteMs;
const cpuMicros: Read = ({ cpuMicrosPerUnit }) => cpuMicrosPerUnit;
const rssMegabytes: Read = ({ rssBytes }) => rssBytes / 1e6;

/** Label, scenario, figure, and its decimals. */
const ROWS: [string, keyof Round, Read, number][] = [
  ["JSON, 1 connection: requests/s", "jsonOne", perSecond, 0],
  ["JSON, 1 connection: ms to the first byte", "jsonOne", firstByteMs, 3],
  ["JSON, 64 connections: requests/s", "jsonMany", perSecond, 0],
  ["JSON, 64 connections: CPU µs per request", "jsonMany", cpuMicros, 1],
  ["1 stream: ms to the first byte", "firstByte", firstByteMs, 3],
  ["50 streams: chunks/s", "chunks", perSecond, 0],
  ["50 streams: CPU µs per chunk", "chunks", cpuMicros, 1],
  ["50 streams: resident memory, MB", "chunks", rssMegabytes, 0],
];

/** Formats the medians of all rounds: figures, ratios and differences. */
export function describe(rounds: Round[]): string {
  const ratio = (scenario: keyof Round, read: Read) =>
    toMedian(rounds.map(({ [scenario]: { base, ours } }) => read(ours) / read(base))).toFixed(2);
  const addedMs = (scenario: keyof Round) =>
    toMedian(rounds.map(({ [scenario]: { base, ours } }) => firstByteMs(ours) - firstByteMs(base)))
      .toFixed(2);
  const rows = ROWS.map(([label, scenario, read, digits]) => {
    const show = (side: keyof Pair) =>
      toMedian(rounds.map((round) => read(round[scenario][side]))).toFixed(digits);
    return toLine(label, show("base"), show("ours"), ratio(scenario, read));
  });
  return [
    toLine("", "passthrough", "functions", "ratio"),
    ...rows,
    "",
    `JSON ${ratio("jsonOne", perSecond)} at 1 and ${ratio("jsonMany", perSecond)} at 64 ` +
    `(aim: ${AIMS.jsonRatio} or more), chunks ${ratio("chunks", perSecond)} ` +
    `(${AIMS.chunkRatio} or more), added ms ${addedMs("jsonOne")} JSON and ` +
    `${addedMs("firstByte")} stream (${AIMS.addedMs} or less)`,
  ].join("\n");
}

function toLine(label: string, ...figures: string[]): string {
  return label.padEnd(44) + figures.map((figure) => figure.padStart(13)).join("");
}
