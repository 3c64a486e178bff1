/** JSON responses of 1 and 20 KB, at 1, 64 and 100 connections. */
import { createChatRequest, MODELS } from "../canned.ts";
import { type ContestantName, CONTESTANTS, hasLedger } from "../contestants.ts";
import { toFigures, toThroughputTable } from "../comparison.ts";
import type { Aim, PartResults, Table } from "../results.ts";
import { type Figure, type Rounds, runRounds, type Work } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const FAR: ContestantName[] = ["farLedger", "farLimits"];
const SIZES = [
  { size: "1 KB", model: MODELS.fast, bytes: 1_000 },
  { size: "20 KB", model: MODELS.large, bytes: 20_000 },
];
const CONNECTIONS = [1, 64, 100];
const QUICK = ["direct", "bare", "functions", "ledger", "limits", "farLedger", "portkey"] as const;

/** How long each measurement takes, and how often it is repeated. */
const FULL_RUN = { durationMs: 400, warmUpMs: 600, rounds: 5 };
const QUICK_RUN = { durationMs: 300, warmUpMs: 500, rounds: 2 };

/**
 * The earlier version of the ledger, with all limits and 64 users, served 432 requests per second where a
 * bare passthrough served 8,470.
 */
const LIMITS_BEFORE = 432 / 8_470;

/** Measures JSON responses. */
export async function runJson(bench: Bench): Promise<PartResults> {
  const names = Object.keys(CONTESTANTS) as ContestantName[];
  const { durationMs, warmUpMs, rounds } = bench.isQuick ? QUICK_RUN : FULL_RUN;
  const contestants = await bench.start(bench.isQuick ? [...QUICK] : names);
  const works = SIZES.flatMap(({ size, model, bytes }) =>
    CONNECTIONS.map((connections): Work => ({
      name: `${size} at ${connections}`,
      path: "json",
      body: createChatRequest(model, bytes),
      ...{ connections, durationMs },
      // The distance to InsForge has nothing to do with the size.
      without: bytes > 1_000 || connections > 64 ? FAR : [],
    }))
  ).filter(({ name }) => !bench.isQuick || name.startsWith("1 KB"));
  const [, many = works[0]!] = works;
  const results = await runRounds(bench, contestants, works, {
    rounds,
    warmUp: { ...many, durationMs: warmUpMs },
  });
  const measured = contestants.map(({ name }) => name);
  return {
    figures: toFigures(results, measured, works),
    tables: [
      toThroughputTable(results, measured, works),
      toDetailTable(results, measured),
    ],
    aims: toAims(results, measured),
  };
}

/** The times of single requests, and the CPU time of many. */
function toDetailTable(results: Rounds, contestants: ContestantName[]): Table {
  const one = "1 KB at 1";
  const many = "1 KB at 64";
  return {
    title: "One JSON request of 1 KB, and CPU time at 64",
    note:
      "Milliseconds are medians. Trips are calls to InsForge per request, at one connection: those " +
      "that a response waits for, and those after it. CPU time is the server's own, also as a " +
      "multiple of the bare passthrough's, then that of InsForge's REST server and of the database.",
    head: [
      "",
      "ms at 1",
      "added ms",
      "p99 at 64, ms",
      "CPU µs · of bare",
      "REST · database µs",
      "trips",
    ],
    rows: contestants.map((contestant) => {
      const median = (work: string, figure: Figure) => results.median(work, contestant, figure);
      const added = results.difference(one, [contestant, "bare"], "wholeMs");
      const cpuRatio = results.ratio(many, [contestant, "bare"], "cpuMicros");
      const pair = (work: string, [a, b]: [Figure, Figure], digits: number) =>
        hasLedger(contestant)
          ? `${format(median(work, a), digits)} · ${format(median(work, b), digits)}`
          : "";
      return [
        CONTESTANTS[contestant].title,
        format(median(one, "wholeMs"), 2),
        contestant === "bare" ? "" : format(added, 2),
        format(median(many, "p99Ms"), 1),
        `${format(median(many, "cpuMicros"))} · ${format(cpuRatio, 1)}`,
        pair(many, ["restCpuMicros", "databaseCpuMicros"], 0),
        pair(one, ["waitedTrips", "laterTrips"], 2),
      ];
    }),
  };
}

function toAims(results: Rounds, contestants: ContestantName[]): Aim[] {
  const perSecond = (work: string, pair: [ContestantName, ContestantName]) =>
    results.ratio(work, pair, "perSecond");
  const addedMs = (contestant: ContestantName) =>
    results.difference("1 KB at 1", [contestant, "functions"], "wholeMs");
  const trips = (contestant: ContestantName) =>
    results.median("1 KB at 1", contestant, "waitedTrips");
  const aims: Aim[] = [
    {
      figure: "JSON at 64, no ledger, of bare",
      value: perSecond("1 KB at 64", ["functions", "bare"]),
      ...{ must: "≥", aim: 0.65 },
    },
    {
      figure: "JSON at 64, ledger without limits, of functions without ledger",
      value: perSecond("1 KB at 64", ["ledger", "functions"]),
      ...{ must: "≥", aim: 0.8 },
    },
    {
      figure: "JSON at 64, all limits, 64 users, of the earlier version (by its ratio to bare)",
      value: perSecond("1 KB at 64", ["limits", "bare"]) / LIMITS_BEFORE,
      ...{ must: "≥", aim: 5 },
    },
    {
      figure: "Median added at 1 by a ledger without limits",
      value: addedMs("ledger"),
      ...{ must: "≤", aim: 0.3, unit: "ms" },
    },
    {
      figure: "Waited InsForge trips per call, no limits",
      value: trips("ledger"),
      ...{ must: "≤", aim: 0 },
    },
    {
      figure: "Waited InsForge trips per call, all limits",
      value: trips("limits"),
      ...{ must: "≤", aim: 1 },
    },
    {
      figure: "Median added at 1 by a ledger without limits, 20 ms away",
      value: addedMs("farLedger"),
      ...{ must: "≤", aim: 1, unit: "ms" },
    },
  ];
  if (contestants.includes("portkey")) {
    aims.push({
      figure: "JSON at 100, ledger without limits, of Portkey",
      value: perSecond("1 KB at 100", ["ledger", "portkey"]),
      ...{ must: "≥", aim: 5 },
    });
  }
  return aims;
}
