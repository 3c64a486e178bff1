/** A ledger with a long past: limits are found through indexes, not by reading it. */
import { assert, assertEquals } from "@std/assert";
import { type Ledger, openServerLedger, reserve, settle, toCharge } from "../support/ledger.ts";
import { onServer } from "../support/postgres.ts";

const ROWS = 100_000;
const LIMITS = {
  ...{ user_requests_per_minute: 1e6, user_tokens_per_day: 1e12, user_usd_per_day: 1e9 },
  ...{ user_usd_per_month: 1e9, project_usd_per_day: 1e9, project_usd_per_month: 1e9 },
};
/** Of each call once. */
const ROUNDS = 50;
/** A month of a user with one model is 31 of them, and is read twice. */
const MAX_ROWS = 100;

Deno.test({ name: `no call reads through a table of ${ROWS} rows`, ...onServer }, async () => {
  await using ledger = await openServerLedger();
  await fill(ledger);
  const before = await countReads(ledger);
  for (let i = 0; i < ROUNDS; i++) {
    const user = `user ${i}`;
    const { reservation } = await reserve(ledger, LIMITS, { user, model: `model ${i}` });
    const charge = toCharge({ generation_id: `new ${i}`, model: `model ${i}`, final: false });
    await settle(ledger, reservation, [charge], [toCharge({ generation_id: `old ${i}` })]);
    await ledger.run("select ai_usage($1)", [user]);
    await ledger.run("select ai_sweep(5)");
    await ledger.run("select ai_reconcile($1::text::jsonb)", [JSON.stringify([charge])]);
  }
  const after = await countReads(ledger);
  for (const [i, { table, scans, rows }] of after.entries()) {
    assertEquals(scans, before[i].scans, `${table} was read from end to end`);
    const perRound = (rows - before[i].rows) / ROUNDS;
    assert(perRound <= MAX_ROWS, `${perRound} rows of ${table} were read`);
  }
});

/** A project of 1000 users and three years, most of it settled long ago. */
async function fill(ledger: Ledger): Promise<void> {
  await ledger.run(`
    insert into ai_reservations (
      user_id, slug, model, own_key, held_tokens, held_usd, created_at, settled_at
    )
    select 'user ' || i % 1000, 'chat', 'm', false, 100, 0.1, at, case when i % 1000 > 5 then at end
    from generate_series(1, ${ROWS}) i, lateral (
      select now() - interval '20 hours' * i / ${ROWS} as at
    ) t`);
  await ledger.run(`
    insert into ai_charges (
      reservation, user_id, slug, model, own_key, day, generation_id, prompt_tokens,
      completion_tokens, usd, final, next_try_at
    )
    select gen_random_uuid(), 'user ' || i % 1000, 'chat', 'm', false, ai_today() - i / 100,
           'old ' || i, 10, 5, 0.1, i % 10 > 0, case when i % 10 = 0 then now() end
    from generate_series(1, ${ROWS}) i`);
  await ledger.run(`
    insert into ai_user_days
    select 'user ' || u, ai_today() - d, 'm', false, 1, 10, 5, 0.1
    from generate_series(1, 1000) u, generate_series(0, ${ROWS / 1000 - 1}) d`);
  await ledger.run(`
    insert into ai_project_days select ai_today() - d, 1, 10, 5, 0.1
    from generate_series(0, 1000) d`);
  await ledger.run(`
    insert into ai_prices (model, usd_per_token, usd_per_request)
    select 'model ' || i, 0.000001, 0.01 from generate_series(1, 1000) i`);
  await ledger.run(`
    insert into ai_user_keys select 'other ' || i, 'sealed' from generate_series(1, ${ROWS}) i`);
  await ledger.run(
    "analyze ai_reservations, ai_charges, ai_user_days, ai_project_days, ai_prices, ai_user_keys",
  );
}

/** How often each table was read from end to end so far, and how many of its rows were read. */
async function countReads(ledger: Ledger) {
  await ledger.run("select pg_stat_force_next_flush()");
  return await ledger.run(`
    select relname as table, seq_scan::integer as scans,
           (seq_tup_read + idx_tup_fetch)::integer as rows
    from pg_stat_user_tables where relname like 'ai\\_%' order by relname`);
}
