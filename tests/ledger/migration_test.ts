/** The migration to the second form of the ledger, on a database that was used with the first form. */
import { assertEquals } from "@std/assert";
import type { Sql } from "postgres";
import { applyMigration, findWrongSums, type Ledger, listMigrations } from "../support/ledger.ts";
import { onServer, startPostgres } from "../support/postgres.ts";

const SECOND_FORM = "20261129000000_ai-ledger-batches.sql";

Deno.test({
  name: "keeps open reservations, estimates, sums and prices of the first form",
  ...onServer,
  async fn() {
    await using server = await startPostgres();
    const sql = server.connect("project_admin");
    const files = listMigrations();
    for (const file of files.filter((file) => file < SECOND_FORM)) await applyMigration(sql, file);
    const open = await useFirstForm(sql);
    const before = await dump(sql);

    for (const file of files.filter((file) => file >= SECOND_FORM)) await applyMigration(sql, file);
    const ledger = toLedger(sql);
    const after = await dump(sql);
    assertEquals(after, before);
    assertEquals(await findWrongSums(ledger), []);
    const [totals] = await sql.unsafe(
      `select held_tokens::integer as tokens, held_usd::float8 as usd,
         array_length(recent, 1) as recent, month_unconfirmed_usd::float8 as unconfirmed
       from ai_user_totals where user_id = 'u'`,
    );
    assertEquals({ ...totals }, { tokens: 100, usd: 0.4, recent: 4, unconfirmed: 0.25 });

    // A request that began before the migration is settled after it, by either form.
    const charge = { model: "m", prompt_tokens: 1, completion_tokens: 1, usd: 0.3, final: true };
    await sql.unsafe("select ai_settle($1::uuid, $2::text::jsonb, '[]')", [
      open,
      JSON.stringify([charge]),
    ]);
    const [usage] = await sql.unsafe("select ai_usage('u') as usage");
    assertEquals([usage!.usage.today.usd, usage!.usage.today.unconfirmed_usd], [0.65, 0.25]);
    await sql.unsafe("select ai_reconcile($1::text::jsonb)", [
      JSON.stringify([{ ...charge, generation_id: "estimated", usd: 0.05 }]),
    ]);
    const [later] = await sql.unsafe("select ai_usage('u') as usage");
    assertEquals([later!.usage.today.usd, later!.usage.today.unconfirmed_usd], [0.45, 0]);
    assertEquals(await findWrongSums(ledger), []);
    await sql.end();
  },
});

/** Uses the ledger in its first form. Returns the reservation that is still open. */
async function useFirstForm(sql: Sql): Promise<string> {
  await sql.unsafe("insert into ai_user_keys (user_id, key) values ('own', 'sealed')");
  const reserve = async (user: string, usd: number) => {
    const [row] = await sql.unsafe(
      "select ai_reserve($1, 'chat', 'm', 100, $2::numeric, '{}', true) as answer",
      [user, usd],
    );
    return row!.answer.reservation as string;
  };
  const settle = (reservation: string, charges: object[]) =>
    sql.unsafe("select ai_settle($1::uuid, $2::text::jsonb, '[]')", [
      reservation,
      JSON.stringify(charges),
    ]);
  const charge = { model: "m", prompt_tokens: 10, completion_tokens: 5, usd: 0.1, final: true };
  await settle(await reserve("own", 1), [{ ...charge, usd: 7 }]);
  await settle(await reserve("v", 1), [charge, charge]);
  // Yesterday's, of the same month or not, then today's.
  await settle(await reserve("u", 1), [charge]);
  for (const table of ["ai_charges", "ai_user_days", "ai_project_days"]) {
    await sql.unsafe(`update ${table} set day = day - 1`);
  }
  await settle(await reserve("u", 1), [charge]);
  const estimate = { ...charge, generation_id: "estimated", usd: 0.25, final: false };
  await settle(await reserve("u", 1), [estimate]);
  const old = await reserve("u", 9);
  await sql.unsafe(
    "update ai_reservations set created_at = now() - interval '11 minutes' where id = $1::uuid",
    [old],
  );
  await sql.unsafe("update ai_prices set usd_per_token = 0.004, usd_per_request = 0.4");
  return await reserve("u", 0.4);
}

/** Everything that both forms have. */
async function dump(sql: Sql): Promise<unknown> {
  const read = async (query: string) => [...await sql.unsafe(query)].map((row) => ({ ...row }));
  return {
    charges: await read(`
      select reservation, user_id, slug, model, own_key, day, generation_id, prompt_tokens,
             completion_tokens, usd, final, tries, next_try_at, created_at
      from ai_charges order by created_at, usd`),
    userDays: await read(`
      select user_id, day, model, own_key, requests, prompt_tokens, completion_tokens, usd
      from ai_user_days order by 1, 2, 3, 4`),
    projectDays: await read(`
      select day, sum(requests) as requests, sum(prompt_tokens) as prompt_tokens,
             sum(completion_tokens) as completion_tokens, sum(usd) as usd
      from ai_project_days group by day order by day`),
    prices: await read("select model, usd_per_token, usd_per_request from ai_prices order by 1"),
    open: await read(`
      select id, user_id, slug, model, held_tokens, held_usd, created_at from ai_reservations r
      where created_at > now() - interval '10 minutes'
        and to_jsonb(r) ->> 'settled_at' is null and not own_key order by id`),
  };
}

function toLedger(sql: Sql): Ledger {
  return {
    run: async (text, values) => [...await sql.unsafe(text, values)],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
