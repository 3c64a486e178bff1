/** Several processes of the functions on one database, behind a balancer that takes turns. */
import { createChatRequest, MODELS } from "../canned.ts";
import type { Child } from "../child.ts";
import type { Contestant, ContestantName } from "../contestants.ts";
import type { LedgerWork } from "../ledger_server.ts";
import type { PartResults } from "../results.ts";
import { measure, toMedian, type Work } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const PROCESSES = [1, 2, 4];
const KINDS = { ledger: "without limits", limits: "user and project limits" };
type Kind = keyof typeof KINDS & ContestantName;
const WORK: Work = {
  name: "1 KB at 64",
  path: "json",
  body: createChatRequest(MODELS.fast, 1_000),
  ...{ connections: 64, durationMs: 1_000 },
};
const WARM_UP_MS = 1_000;

/** One measurement. */
interface Sample {
  perSecond: number;
  /** Requests for each call to the ledger. */
  batch: number;
  databaseMicros: number;
}

/** Measures 1, 2 and 4 processes, with and without limits. */
export async function runProcesses(bench: Bench): Promise<PartResults> {
  const rounds = bench.isQuick ? 1 : 3;
  const counts = bench.isQuick ? PROCESSES.slice(0, 2) : PROCESSES;
  const kinds = Object.keys(KINDS) as Kind[];
  const found = new Map<string, Sample[]>();
  await using started = new AsyncDisposableStack();
  const servers = new Map<Kind, Child[]>();
  for (const kind of kinds) {
    servers.set(kind, await startServers(bench, kind, { count: counts.at(-1)!, started }));
  }
  for (let round = 0; round < rounds; round++) {
    bench.report(`round ${round + 1} of ${rounds}`);
    for (const kind of kinds) {
      for (const processes of counts) {
        const key = `${kind} ${processes}`;
        const sample = await measureShared(bench, servers.get(kind)!.slice(0, processes));
        found.set(key, [...found.get(key) ?? [], sample]);
      }
    }
  }
  const rows = kinds.flatMap((kind) =>
    counts.map((processes) => {
      const samples = found.get(`${kind} ${processes}`)!;
      const median = (key: keyof Sample) => toMedian(samples.map(({ [key]: value }) => value));
      return {
        ...{ kind: KINDS[kind], processes, perSecond: Math.round(median("perSecond")) },
        batch: Number(median("batch").toFixed(1)),
        databaseMicros: Math.round(median("databaseMicros")),
      };
    })
  );
  return {
    figures: rows,
    tables: [{
      title: "Several processes on one database, requests per second",
      group: "processes",
      note:
        "The functions: JSON of 1 KB at 64 connections, which the processes take turns in getting. " +
        "Beside it is the number of requests for each call to the ledger.",
      head: ["processes", ...kinds.map((kind) => `functions, ${KINDS[kind]}`)],
      rows: counts.map((count) => [
        format(count),
        ...rows.filter(({ processes }) => processes === count)
          .map(({ perSecond, batch }) => `${format(perSecond)} · ${format(batch, 1)}`),
      ]),
    }],
    aims: [],
  };
}

/** Starts the processes of one kind and warms each of them up. */
async function startServers(
  bench: Bench,
  kind: Kind,
  { count, started }: { count: number; started: AsyncDisposableStack },
): Promise<Child[]> {
  const list: Contestant[] = [];
  for (let i = 0; i < count; i++) {
    const contestant = (await bench.startNew(kind))!;
    started.use(contestant.server);
    await measure(bench, contestant, { ...WORK, durationMs: WARM_UP_MS });
    list.push(contestant);
  }
  return list.map(({ server }) => server);
}

async function measureShared(bench: Bench, servers: Child[]): Promise<Sample> {
  const { ledger } = bench.surroundings;
  const before = await ledger.ask<LedgerWork>({});
  const { path: _path, name: _name, ...load } = WORK;
  const { responses, seconds } = await bench.load({
    ...load,
    ...{ ports: servers.map(({ port }) => port), path: "/chat", headers: [] },
  });
  const after = await ledger.ask<LedgerWork>({});
  const trips = after.reserving + after.other - before.reserving - before.other;
  return {
    perSecond: responses / seconds,
    batch: responses / trips,
    databaseMicros: (after.databaseCpuMicros - before.databaseCpuMicros) / responses,
  };
}
