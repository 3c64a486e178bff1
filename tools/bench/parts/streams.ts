/** Streams of 200 chunks: as fast as possible, and at the pace of a model. */
import { CHUNKS_PER_STREAM, createChatRequest, MODELS, PACE_MS } from "../canned.ts";
import { toFigures, toThroughputTable } from "../comparison.ts";
import { type ContestantName, CONTESTANTS } from "../contestants.ts";
import type { PartResults, Table } from "../results.ts";
import { type Rounds, runRounds, type Work } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const FAST: ContestantName[] = [
  ...["direct", "bare", "bareNode", "functions", "start", "ledger", "limits"] as const,
  ...["openaiSdk", "asResponse", "aiSdk", "portkey"] as const,
];
const PACED: ContestantName[] = ["bare", "functions", "ledger", "openaiSdk", "aiSdk", "portkey"];
const QUICK: ContestantName[] = ["bare", "functions", "ledger", "openaiSdk", "portkey"];
const QUICK_PACED: ContestantName[] = ["bare", "functions"];

const BODY_BYTES = 1_000;
const FIRST_WORD = toWork("first word at 1", MODELS.oneWord, 1, 500);
const BURSTS = [
  toWork("bursts at 1", MODELS.fast, 1, 300),
  toWork("bursts at 50", MODELS.fast, 50, 700),
  toWork("bursts at 500", MODELS.fast, 500, 0),
];
const PACES = [1, 50, 500].map((connections) =>
  toWork(`paced at ${connections}`, MODELS.paced, connections, 0)
);
const [BURST_OF_ONE, BURST_OF_50] = BURSTS as [Work, Work];
const FULL_RUN = { rounds: 3, pacedRounds: 1, warmUpMs: 800 };
const QUICK_RUN = { rounds: 2, pacedRounds: 1, warmUpMs: 500 };

/** Measures streams. */
export async function runStreams(bench: Bench): Promise<PartResults> {
  const { rounds, pacedRounds, warmUpMs } = bench.isQuick ? QUICK_RUN : FULL_RUN;
  const contestants = await bench.start(bench.isQuick ? QUICK : FAST);
  const fast = bench.isQuick ? [FIRST_WORD, BURST_OF_ONE, BURST_OF_50] : [FIRST_WORD, ...BURSTS];
  const results = await runRounds(bench, contestants, fast, {
    rounds,
    warmUp: { ...BURST_OF_50, durationMs: warmUpMs },
  });
  const paced = await bench.start(bench.isQuick ? QUICK_PACED : PACED);
  const pacedWorks = bench.isQuick ? PACES.slice(1, 2) : PACES;
  const pacedResults = await runRounds(bench, paced, pacedWorks, {
    rounds: pacedRounds,
  });
  const names = contestants.map(({ name }) => name);
  const pacedNames = paced.map(({ name }) => name);
  return {
    figures: [
      ...toFigures(results, names, fast),
      ...toFigures(pacedResults, pacedNames, pacedWorks),
    ],
    tables: [
      toThroughputTable(results, names, fast.slice(1), {
        title: "Chunks per second, and of an untouched hand-over",
        group: "streams",
        note:
          `Streams of ${CHUNKS_PER_STREAM} chunks, which the upstream writes one by one as fast ` +
          "as the socket accepts them. The bare passthrough hands them over untouched.",
      }),
      toFirstWordTable(results, names),
      toPacedTable(pacedResults, pacedNames, pacedWorks),
    ],
    aims: [
      {
        figure: "Chunks, 50 streams, of an untouched hand-over",
        value: results.ratio(BURST_OF_50.name, ["functions", "bare"], "perSecond"),
        ...{ must: "≥", aim: 0.5 },
      },
      {
        figure: "First byte added, paced stream",
        value: results.difference(FIRST_WORD.name, ["functions", "bare"], "firstByteMs"),
        ...{ must: "≤", aim: 0.3, unit: "ms" },
      },
    ],
  };
}

function toWork(name: string, model: string, connections: number, durationMs: number): Work {
  return {
    name,
    path: "stream",
    body: createChatRequest(model, BODY_BYTES, true),
    ...{ connections, durationMs, unitsPerResponse: CHUNKS_PER_STREAM },
  };
}

function toFirstWordTable(results: Rounds, contestants: ContestantName[]): Table {
  const { name: work } = FIRST_WORD;
  return {
    title: "First byte of a stream, and CPU time per chunk",
    group: "streams",
    note: "The first byte is that of a stream whose first word comes by itself.",
    head: ["", "first byte, ms", "added ms", "CPU µs per chunk at 50"],
    rows: contestants.map((contestant) => {
      const added = results.difference(work, [contestant, "bare"], "firstByteMs");
      return [
        CONTESTANTS[contestant].title,
        format(results.median(work, contestant, "firstByteMs"), 2),
        contestant === "bare" ? "" : format(added, 2),
        format(results.median(BURST_OF_50.name, contestant, "cpuMicros"), 1),
      ];
    }),
  };
}

function toPacedTable(results: Rounds, contestants: ContestantName[], works: Work[]): Table {
  return {
    title: "Paced streams, and the memory of idle ones",
    group: "waiting streams",
    note: `Paced: a chunk every ${PACE_MS} ms, CPU µs per chunk and seconds per stream, which are ${
      format(CHUNKS_PER_STREAM * PACE_MS / 1_000, 2)
    } when the server keeps pace.`,
    head: ["", ...works.map(({ name }) => name)],
    rows: contestants.map((contestant) => [
      CONTESTANTS[contestant].title,
      ...works.map(({ name }) => {
        if (!results.has(name, contestant)) return "";
        const micros = format(results.median(name, contestant, "cpuMicros"), 1);
        return `${micros} · ${format(results.median(name, contestant, "wholeMs") / 1_000, 2)} s`;
      }),
    ]),
  };
}
