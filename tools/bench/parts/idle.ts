/** The memory of 500 streams that wait for their next word. */
import { createChatRequest, MODELS } from "../canned.ts";
import { type Contestant, type ContestantName, CONTESTANTS } from "../contestants.ts";
import type { PartResults } from "../results.ts";
import { measure, toMedian, type Work } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const STREAMS = 500;
const BODY_BYTES = 1_000;
const NAMES: ContestantName[] = [
  ...[
    "bare",
    "functions",
    "start",
    "ledger",
    "openaiSdk",
    "asResponse",
    "aiSdk",
    "portkey",
  ] as const,
];
const QUICK: ContestantName[] = ["bare", "functions"];
/** Streams before the measurement, so that the code is loaded and compiled. */
const WARM_UP: Work = {
  name: "warm-up",
  path: "stream",
  body: createChatRequest(MODELS.fast, BODY_BYTES, true),
  connections: 10,
  durationMs: 500,
};
/** Memory is read several times, because garbage is collected in between. */
const SAMPLES = 5;
const SAMPLE_MS = 150;

/** The memory of one process, MB. */
interface Memory {
  idle: number;
  added: number;
}

/** Measures the memory of idle streams, each time in a fresh process. */
export async function runIdle(bench: Bench): Promise<PartResults> {
  const names = bench.isQuick ? QUICK : NAMES;
  const rounds = bench.isQuick ? 1 : 2;
  const found = new Map<ContestantName, Memory[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    bench.report(`round ${round + 1} of ${rounds}`);
    for (const name of names) {
      const memory = await bench.attempt(name, "idle streams", () => measureFresh(bench, name));
      if (memory) found.get(name)!.push(memory);
    }
  }
  const measured = names.filter((name) => found.get(name)!.length > 0);
  const median = (name: ContestantName, key: keyof Memory) =>
    toMedian(found.get(name)!.map(({ [key]: value }) => value));
  const ratio = (name: ContestantName) => median(name, "added") / median("bare", "added");
  return {
    figures: measured.map((name) => ({
      contestant: name,
      idleMegabytes: Math.round(median(name, "idle")),
      addedMegabytes: Number(median(name, "added").toFixed(1)),
    })),
    tables: [{
      title: `Memory of ${STREAMS} idle streams`,
      group: "waiting streams",
      note: `Idle: resident memory of a fresh process, and what ${STREAMS} streams add to it.`,
      head: ["", "process, MB", "added by idle, MB", "of bare"],
      rows: measured.map((name) => [
        CONTESTANTS[name].title,
        format(median(name, "idle")),
        format(median(name, "added"), 1),
        format(ratio(name), 2),
      ]),
    }],
    aims: [{
      figure: `Memory of ${STREAMS} idle streams above the idle process, of bare`,
      value: ratio("functions"),
      ...{ must: "≤", aim: 1.3 },
    }],
  };
}

async function measureFresh(bench: Bench, name: ContestantName): Promise<Memory | undefined> {
  const contestant = await bench.startNew(name);
  if (!contestant) return undefined;
  await using _server = contestant.server;
  await measure(bench, contestant, WARM_UP);
  const idle = await readMegabytes(contestant);
  await bench.openStreams({
    ports: [contestant.server.port],
    path: contestant.paths.stream,
    headers: contestant.headers,
    body: createChatRequest(MODELS.idle, BODY_BYTES, true),
    connections: STREAMS,
  });
  const added = await readMegabytes(contestant) - idle;
  await bench.closeStreams();
  return { idle, added };
}

async function readMegabytes({ server }: Contestant): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    samples.push((await server.readConsumption()).rssBytes / 1e6);
  }
  return toMedian(samples);
}
