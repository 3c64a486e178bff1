/**
 * Prints what the ledger costs on a PostgreSQL server of its own:
 * `deno run -A tests/ledger/costs.ts`.
 *
 * CPU time is that of the database's process, in µs per request (a reservation and a settlement).
 * Rounds are interleaved, and the median is printed.
 */
import { startPostgres } from "../support/postgres.ts";
import { migrate, reservationOf, toCharge } from "../support/ledger.ts";

const ROUNDS = 7;
const CALLS_PER_ROUND = 40;
const USERS = 1_000;
const OPEN = 20_000;
const USER = { user_tokens_per_day: 1e12, user_usd_per_day: 1e9, user_usd_per_month: 1e9 };
const LIMITS: Record<string, Record<string, number>> = {
  "no limits": {},
  "user limits": USER,
  "user and project limits": { ...USER, project_usd_per_day: 1e9, project_usd_per_month: 1e9 },
};

await using server = await startPostgres();
await migrate(server);
const sql = server.connect("project_admin");
const [{ pid }] = await sql`select pg_backend_pid() as pid`;
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
await sql.end();

/** CPU µs per request of batches that settle the reservations of the one before. */
async function measure(limits: Record<string, number>, size: number): Promise<number> {
  const isLimited = Object.keys(limits).length > 0;
  let started: ReturnType<typeof reservationOf>[] = [];
  const run = async () => {
    const next = Array.from(
      { length: size },
      () => reservationOf({ user: `user ${user++ % USERS}` }),
    );
    const charges = started.map(({ id, user_id }) => toCharge({ reservation: id, user_id }));
    await commit(limits, isLimited ? next : [], started, charges);
    started = next;
  };
  await run();
  const before = readCpu();
  for (let i = 0; i < CALLS_PER_ROUND; i++) await run();
  const used = readCpu() - before;
  await commit(limits, [], started, []);
  return used / CALLS_PER_ROUND / size;
}

/** Holds so many reservations of 5,000 other users. */
async function hold(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1_000) {
    const list = Array.from(
      { length: 1_000 },
      (_, j) => reservationOf({ user: `other ${(i + j) % 5_000}` }),
    );
    await commit(LIMITS["user and project limits"]!, list, [], []);
  }
}

async function commit(
  ...given: [limits: object, reservations: object[], ended: object[], charges: object[]]
) {
  const texts = given.map((value) => JSON.stringify(value));
  const query =
    "select ai_commit($1::text::jsonb, $2::text::jsonb, $3::text::jsonb, $4::text::jsonb, true)";
  await sql.unsafe(query, texts, { prepare: true });
}

function readCpu(): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ")[0]) / 1_000;
}

function median(list: number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1]!;
}
