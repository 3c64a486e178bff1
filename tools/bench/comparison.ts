/** What several contestants reach under the same loads, as figures and as a table. */
import { type ContestantName, CONTESTANTS, hasLedger } from "./contestants.ts";
import type { PartResults, Table } from "./results.ts";
import type { Figure, Rounds, Work } from "./rounds.ts";
import { format } from "./tables.ts";

const FIGURES: Figure[] = ["perSecond", "firstByteMs", "wholeMs", "p99Ms", "cpuMicros"];
const LEDGER_FIGURES: Figure[] = [
  "waitedTrips",
  "laterTrips",
  "restCpuMicros",
  "databaseCpuMicros",
];

/** All figures of all contestants under all loads, with the ratio to the bare passthrough. */
export function toFigures(
  results: Rounds,
  contestants: ContestantName[],
  works: Work[],
): PartResults["figures"] {
  const toRow = (work: string, contestant: ContestantName) => {
    const figures = hasLedger(contestant) ? [...FIGURES, ...LEDGER_FIGURES] : FIGURES;
    const medians = figures.map((figure) =>
      [figure, round(results.median(work, contestant, figure))] as const
    );
    const ofBare = round(results.ratio(work, [contestant, "bare"], "perSecond"));
    return { work, contestant, ...Object.fromEntries(medians), ofBare };
  };
  return works.flatMap(({ name: work }) =>
    contestants.filter((contestant) => results.has(work, contestant))
      .map((contestant) => toRow(work, contestant))
  );
}

/** Units per second of each contestant under each load, and their ratio to the bare passthrough. */
export function toThroughputTable(
  results: Rounds,
  contestants: ContestantName[],
  works: Work[],
  texts: Pick<Table, "title" | "note" | "group"> = {
    title: "JSON responses per second, and of a bare passthrough",
    note: "Requests and responses of 1 KB or 20 KB, at 1, 64 and 100 connections.",
  },
): Table {
  const rows = contestants.map((contestant) => [
    CONTESTANTS[contestant].title,
    ...works.map(({ name: work }) => {
      if (!results.has(work, contestant)) return "";
      const perSecond = format(results.median(work, contestant, "perSecond"));
      const ratio = results.ratio(work, [contestant, "bare"], "perSecond");
      return contestant === "bare" ? `${perSecond} · 1` : `${perSecond} · ${format(ratio, 2)}`;
    }),
  ]);
  return { ...texts, head: ["", ...works.map(({ name }) => name)], rows };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
