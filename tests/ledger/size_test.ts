/** A ledger with a long past: routines find rows through indexes and never read a table through. */
import { assert, assertEquals } from "@std/assert";
import {
  commit,
  type Ledger,
  openServerLedger,
  reconcile,
  reserve,
  settle,
  toCharge,
} from "../support/ledger.ts";
import { onServer } from "../support/postgres.ts";

const ROWS = 100_000;
const LIMITS = {
  ...{ user_requests_per_minute: 60, user_tokens_per_day: 1e12, user_usd_per_day: 1e9 },
  ...{ user_usd_per_month: 1e9, project_usd_per_day: 1e9, project_usd_per_month: 1e9 },
};
/** Of each call once. */
const ROUNDS = 50;
/** A month of a user with one model is 31 rows, which `ai_usage` reads twice. */
const MAX_ROWS = 100;
/** One page with 32 rows, which is read as a whole. */
const SMALL = ["ai_project_totals", "ai_price_list"];

for (const open of [0, 20_000]) {
  Deno.test({
    name: `reads no table of ${ROWS} rows through with ${open} open reservations`,
    ...onServer,
    async fn() {
      await using ledger = await openServerLedger();
      await work(ledger, 0); // plans are made while the tables are still empty
      await fill(ledger, open);
      const before = await countReads(ledger);
      for (let i = 0; i < ROUNDS; i++) await work(ledger, i);
      const after = await countReads(ledger);
      for (const [i, { table, scans, rows }] of after.entries()) {
        const perRound = (rows - before[i]!.rows) / ROUNDS;
        assert(perRound <= MAX_ROWS, `${perRound} rows of ${table} were read`);
        if (SMALL.includes(table)) continue;
        assertEquals(scans, before[i]!.scans, `${table} was read from end to end`);
      }
    },
  });
}

/** One of each call. */
async function work(ledger: Ledger, i: number): Promise<void> {
  const user = `user ${i}`;
  const decision = await reserve(ledger, LIMITS, { user, model: `model ${i}` });
  const charge = { ...toCharge(), generation_id: `new ${i}`, model: `model ${i}`, final: false };
  await settle(ledger, decision, [charge], LIMITS);
  await commit(ledger, {}, { charges: [{ ...charge, reservation: crypto.randomUUID() }] });
  await reconcile(ledger, [{ ...charge, generation_id: `old ${i}` }, charge]);
  await ledger.run("select ai_usage($1)", [user]);
  await ledger.run("select ai_sweep(5)");
}

/** A project of 1000 users and three years. */
async function fill(ledger: Ledger, open: number): Promise<void> {
  for (let i = 0; i < open; i += 1_000) {
    const reservations = Array.from({ length: 1_000 }, (_, j) => ({
      ...{ id: crypto.randomUUID(), user_id: `other ${(i + j) % 5_000}`, slug: "chat", model: "m" },
      ...{ tokens: 100, usd: 0.1, use_key: false, counts: false },
    }));
    await commit(ledger, LIMITS, { reservations });
  }
  await ledger.run(`
    insert into ai_charges (
      reservation, number, user_id, slug, model, own_key, day, generation_id, prompt_tokens,
      completion_tokens, usd, project_usd, final, next_try_at
    )
    select gen_random_uuid(), 0, 'user ' || i % 1000, 'chat', 'm', false, ai_today() - i / 1500,
           'old ' || i, 10, 5, 0.1, 0.1, i % 10 > 0, case when i % 10 = 0 then now() end
    from generate_series(1, ${ROWS}) i`);
  await ledger.run(`
    insert into ai_user_days
    select 'user ' || u, ai_today() - d, 'm', false, 1, 10, 5, 0.1, 0
    from generate_series(1, 1000) u, generate_series(0, ${ROWS / 1000 - 1}) d
    on conflict do nothing`);
  await ledger.run(`
    insert into ai_project_days select ai_today() - d, 1, 10, 5, 0.1, 0
    from generate_series(1, 390) d`);
  await ledger.run(`
    insert into ai_user_totals (user_id, day)
    select 'old ' || u, ai_today() from generate_series(1, ${ROWS}) u`);
  await ledger.run(`
    insert into ai_prices (model, prompt_usd, completion_usd)
    select 'model ' || i, 0.000001, 0.01 from generate_series(1, 1000) i on conflict do nothing`);
  await ledger.run(`
    insert into ai_user_keys select 'other ' || i, 'sealed' from generate_series(1, ${ROWS}) i`);
}

/** How often each table was read from end to end so far, and how many of its rows were read. */
async function countReads(ledger: Ledger) {
  await ledger.run("select pg_stat_force_next_flush()");
  return await ledger.run(`
    select relname as table, seq_scan::integer as scans,
           (seq_tup_read + idx_tup_fetch)::integer as rows
    from pg_stat_user_tables where relname like 'ai\\_%' order by relname`);
}
