/** What the ledger costs PostgreSQL, called as the functions call it, without the functions. */
import type { Sql } from "postgres";
import { migrate, reservationOf, toCharge } from "../../../tests/support/ledger.ts";
import { type Server, startPostgres } from "../../../tests/support/postgres.ts";
import { postgresPrograms } from "../../../tests/support/programs.ts";
import type { PartResults, Table } from "../results.ts";
import { toMedian } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const CALLS_PER_ROUND = 40;
const USERS = 1_000;
/** Reservations of other users that are open during the second half. */
const OPEN = 20_000;
const BATCHES = [1, 10, 50];
const IN_FLIGHT = 64;
const PROCESSES = [1, 2, 4];
const USER_LIMITS = { user_tokens_per_day: 1e12, user_usd_per_day: 1e9, user_usd_per_month: 1e9 };
const PROJECT_LIMITS = { project_usd_per_day: 1e9, project_usd_per_month: 1e9 };
const LIMITS = {
  "without limits": {},
  "user limits": USER_LIMITS,
  "user and project limits": { ...USER_LIMITS, ...PROJECT_LIMITS },
};
type Limits = keyof typeof LIMITS;
const NAMES = Object.keys(LIMITS) as Limits[];

/** The CPU time of requests that come in batches, µs per request, by limits. */
interface BatchCost {
  open: number;
  batch: number;
  micros: Record<Limits, number>;
}

/** Requests per second of processes that share one database, by limits. */
interface Throughput {
  processes: number;
  perSecond: Record<Limits, number>;
}

/** Measures the ledger on a PostgreSQL server of its own. */
export async function runLedger(bench: Bench): Promise<PartResults> {
  if (!postgresPrograms) {
    bench.notes.push("The ledger's cost was left out, because PostgreSQL is not installed.");
    return { figures: [], tables: [], aims: [] };
  }
  await using server = await startPostgres();
  await migrate(server);
  const costs = await measureCosts(server, bench);
  const throughputs = await measureThroughputs(server, bench);
  const ratios = costs.filter(({ open }) => open === OPEN)
    .map(({ micros }) => micros["user and project limits"] / micros["user limits"]);
  return {
    figures: [
      ...costs.map(({ open, batch, micros }) => ({ open, batch, ...round(micros) })),
      ...throughputs.map(({ processes, perSecond }) => ({ processes, ...round(perSecond) })),
    ],
    tables: [toCostTable(costs), toThroughputTable(throughputs)],
    aims: ratios.length === 0 ? [] : [{
      figure: `Project limit at ${format(OPEN)} open calls, of user limits`,
      value: Math.max(...ratios),
      ...{ must: "≤", aim: 1.5 },
    }],
  };
}

function toCostTable(costs: BatchCost[]): Table {
  return {
    title: "The ledger's cost in PostgreSQL: CPU µs per request",
    note:
      "A request is a reservation and a settlement, or without limits a settlement alone. Requests " +
      "that wait at the same time go in one batch.",
    head: ["", ...costs.map(({ open, batch }) => `${format(open)} open, batch ${batch}`)],
    rows: NAMES.map((name) => [name, ...costs.map(({ micros }) => format(micros[name]))]),
  };
}

function toThroughputTable(throughputs: Throughput[]): Table {
  return {
    title: "Several processes on one database, requests per second",
    group: "processes",
    note: `The ledger: ${IN_FLIGHT} calls in flight, divided among processes that do nothing else.`,
    head: ["processes", ...NAMES.map((name) => `ledger, ${name}`)],
    rows: throughputs.map(({ processes, perSecond }) => [
      format(processes),
      ...NAMES.map((name) => format(perSecond[name])),
    ]),
  };
}

async function measureCosts(server: Server, bench: Bench): Promise<BatchCost[]> {
  const sql = server.connect("project_admin");
  const [row] = await sql`select pg_backend_pid() as pid`;
  const rounds = bench.isQuick ? 3 : 7;
  const costs: BatchCost[] = [];
  // It takes a while to reserve so many.
  for (const open of bench.isQuick ? [0] : [0, OPEN]) {
    bench.report(`${open} open calls`);
    await hold(sql, open);
    await sql.unsafe("analyze ai_reservations, ai_charges, ai_user_totals");
    for (const batch of BATCHES) {
      const times = toRecord<number[]>(() => []);
      for (let i = 0; i < rounds; i++) {
        for (const name of NAMES) {
          times[name].push(await measureBatches(sql, row!.pid, name, batch));
        }
      }
      costs.push({ open, batch, micros: toRecord((name) => toMedian(times[name])) });
    }
  }
  await sql.end();
  return costs;
}

async function measureThroughputs(server: Server, bench: Bench): Promise<Throughput[]> {
  const throughputs: Throughput[] = [];
  const ms = bench.isQuick ? 500 : 1_500;
  for (const processes of PROCESSES) {
    bench.report(`${processes} processes`);
    const perSecond = toRecord(() => 0);
    for (const name of NAMES) perSecond[name] = await countPerSecond(server, name, processes, ms);
    throughputs.push({ processes, perSecond });
  }
  return throughputs;
}

/** CPU µs per request of batches that settle the reservations of the batch before. */
async function measureBatches(
  sql: Sql,
  pid: number,
  limits: Limits,
  size: number,
): Promise<number> {
  const run = createCaller(sql, limits);
  await run(size);
  const before = readCpuMicros(pid);
  for (let i = 0; i < CALLS_PER_ROUND; i++) await run(size);
  const used = readCpuMicros(pid) - before;
  await run(0);
  return used / CALLS_PER_ROUND / size;
}

/** Requests per second of processes that share the calls in flight, each with one connection. */
async function countPerSecond(
  server: Server,
  limits: Limits,
  processes: number,
  ms: number,
): Promise<number> {
  const size = IN_FLIGHT / processes;
  let requests = 0;
  const until = performance.now() + ms;
  await Promise.all(Array.from({ length: processes }, async () => {
    const sql = server.connect("project_admin");
    const run = createCaller(sql, limits);
    while (performance.now() < until) {
      await run(size);
      requests += size;
    }
    await run(0);
    await sql.end();
  }));
  return requests / ms * 1_000;
}

let user = 0;

/** Each call reserves so many requests and settles those of the call before. */
function createCaller(sql: Sql, name: Limits): (size: number) => Promise<void> {
  const limits = LIMITS[name];
  const isLimited = Object.keys(limits).length > 0;
  let started: ReturnType<typeof reservationOf>[] = [];
  return async (size) => {
    const next = Array.from(
      { length: size },
      () => reservationOf({ user: `user ${user++ % USERS}` }),
    );
    const charges = started.map(({ id, user_id }) => toCharge({ reservation: id, user_id }));
    // Without limits there is nothing to reserve.
    const [reservations, ended] = isLimited ? [next, started] : [[], []];
    await commit(sql, limits, { reservations, ended, charges });
    started = next;
  };
}

/** Holds so many reservations of 5,000 other users. */
async function hold(sql: Sql, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1_000) {
    const reservations = Array.from(
      { length: 1_000 },
      (_, j) => reservationOf({ user: `other ${(i + j) % 5_000}` }),
    );
    const limits = LIMITS["user and project limits"];
    await commit(sql, limits, { reservations, ended: [], charges: [] });
  }
}

interface Batch {
  reservations: object[];
  ended: object[];
  charges: object[];
}

async function commit(sql: Sql, limits: object, batch: Batch): Promise<void> {
  const { reservations, ended, charges } = batch;
  const texts = [limits, reservations, ended, charges].map((value) => JSON.stringify(value));
  const query = `select ai_commit(
    $1::text::jsonb, $2::text::jsonb, $3::text::jsonb, $4::text::jsonb, true
  )`;
  await sql.unsafe(query, texts, { prepare: true });
}

/** The CPU time of a process; on Linux alone, where it is exact to the microsecond. */
function readCpuMicros(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ")[0]) / 1_000;
}

function toRecord<T>(create: (name: Limits) => T): Record<Limits, T> {
  return Object.fromEntries(NAMES.map((name) => [name, create(name)])) as Record<Limits, T>;
}

function round(figures: Record<Limits, number>): Record<string, number> {
  return toRecord((name) => Math.round(figures[name]));
}
