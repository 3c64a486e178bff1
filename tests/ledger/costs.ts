/**
 * Prints what the ledger costs on a PostgreSQL server of its own:
 * `deno run -A tests/ledger/costs.ts`.
 *
 * First the CPU time of the database's process, in µs per request (a reservation and a settlement), with
 * and without open reservations; rounds are interleaved, and the median is printed. Then the requests
 * per second of 1, 2 and 4 processes that share one database.
 */
import type { Sql } from "postgres";
import { migrate, reservationOf, toCharge } from "../support/ledger.ts";
import { startPostgres } from "../support/postgres.ts";

const ROUNDS = 7;
const CALLS_PER_ROUND = 40;
const USERS = 1_000;
const OPEN = 20_000;
const IN_FLIGHT = 64;
const SECONDS = 3;
const USER = { user_tokens_per_day: 1e12, user_usd_per_day: 1e9, user_usd_per_month: 1e9 };
const LIMITS: Record<string, Record<string, number>> = {
  "no limits": {},
  "user limits": USER,
  "user and project limits": { ...USER, project_usd_per_day: 1e9, project_usd_per_month: 1e9 },
};

await using server = await startPostgres();
await migrate(server);
const sql = server.connect("project_admin");
const [row] = await sql`select pg_backend_pid() as pid`;
const pid: number = row!.pid;
let user = 0;

for (const open of [0, OPEN]) {
  await hold(open);
  await sql.unsafe("analyze ai_reservations, ai_charges, ai_user_totals");
  for (const batch of [1, 10, 50]) {
    const times = new Map(Object.keys(LIMITS).map((name) => [name, [] as number[]]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, limits] of Object.entries(LIMITS)) {
        times.get(name)!.push(await measure(limits, batch));
      }
    }
    const medians = [...times].map(([name, list]) => [name, median(list)] as const);
    const figures = medians.map(([name, us]) => `${name} ${us.toFixed(0)}`).join(" · ");
    const ratio = medians[2]![1] / medians[1]![1];
    console.log(`${open} open, ${batch} in a batch: ${figures} · project/user ${ratio.toFixed(2)}`);
  }
}
for (const processes of [1, 2, 4]) {
  const figures = [];
  for (const [name, limits] of Object.entries(LIMITS)) {
    figures.push(`${name} ${(await countPerSecond(limits, processes)).toFixed(0)}`);
  }
  console.log(
    `${processes} processes, ${IN_FLIGHT} calls in flight: ${figures.join(" · ")} per second`,
  );
}
await sql.end();

/** Requests per second of processes that share the calls in flight, each with one connection. */
async function countPerSecond(limits: Record<string, number>, processes: number): Promise<number> {
  const connections = Array.from({ length: processes }, () => server.connect("project_admin"));
  const size = IN_FLIGHT / processes;
  let requests = 0;
  const until = performance.now() + SECONDS * 1_000;
  await Promise.all(connections.map(async (connection) => {
    let started: ReturnType<typeof reservationOf>[] = [];
    while (performance.now() < until) {
      const next = createReservations(size);
      await commit(connection, limits, toBatch(limits, next, started));
      started = next;
      requests += size;
    }
    await commit(connection, limits, toBatch(limits, [], started));
  }));
  await Promise.all(connections.map((connection) => connection.end()));
  return requests / SECONDS;
}

/** CPU µs per request of batches that settle the reservations of the one before. */
async function measure(limits: Record<string, number>, size: number): Promise<number> {
  let started: ReturnType<typeof reservationOf>[] = [];
  const run = async () => {
    const next = createReservations(size);
    await commit(sql, limits, toBatch(limits, next, started));
    started = next;
  };
  await run();
  const before = readCpu();
  for (let i = 0; i < CALLS_PER_ROUND; i++) await run();
  const used = readCpu() - before;
  await commit(sql, limits, toBatch(limits, [], started));
  return used / CALLS_PER_ROUND / size;
}

function createReservations(size: number): ReturnType<typeof reservationOf>[] {
  return Array.from({ length: size }, () => reservationOf({ user: `user ${user++ % USERS}` }));
}

interface Batch {
  reservations: object[];
  ended: object[];
  charges: object[];
}

/** Reserves some calls and settles others; without limits there is nothing to reserve. */
function toBatch(
  limits: Record<string, number>,
  next: object[],
  started: { id: string; user_id: string }[],
): Batch {
  const charges = started.map(({ id, user_id }) => toCharge({ reservation: id, user_id }));
  const isLimited = Object.keys(limits).length > 0;
  return { reservations: isLimited ? next : [], ended: isLimited ? started : [], charges };
}

/** Holds so many reservations of 5,000 other users. */
async function hold(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1_000) {
    const reservations = Array.from(
      { length: 1_000 },
      (_, j) => reservationOf({ user: `other ${(i + j) % 5_000}` }),
    );
    const limits = LIMITS["user and project limits"]!;
    await commit(sql, limits, { reservations, ended: [], charges: [] });
  }
}

async function commit(connection: Sql, limits: object, batch: Batch): Promise<void> {
  const { reservations, ended, charges } = batch;
  const texts = [limits, reservations, ended, charges].map((value) => JSON.stringify(value));
  const query = `select ai_commit(
    $1::text::jsonb, $2::text::jsonb, $3::text::jsonb, $4::text::jsonb, true
  )`;
  await connection.unsafe(query, texts, { prepare: true });
}

function readCpu(): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ")[0]) / 1_000;
}

function median(list: number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1]!;
}
