/** How much the database writes for a batch. */
import { assertEquals } from "@std/assert";
import { commit, openServerLedger, reservationOf, toCharge } from "../support/ledger.ts";
import { onServer } from "../support/postgres.ts";

const LIMITS = {
  ...{ user_requests_per_minute: 1_000, user_tokens_per_day: 1e9, user_usd_per_day: 1e6 },
  ...{ user_usd_per_month: 1e6, project_usd_per_day: 1e6, project_usd_per_month: 1e6 },
};
const USERS = 5;
const REQUESTS = 20;
const BATCHES = 10;

Deno.test({
  name: "a batch writes each user's row once for what ends and once for what starts, in place",
  ...onServer,
  async fn() {
    await using ledger = await openServerLedger();
    let started: ReturnType<typeof reservationOf>[] = [];
    const work = async () => {
      const reservations = Array.from(
        { length: REQUESTS },
        (_, i) => reservationOf({ user: `user ${i % USERS}` }),
      );
      const charges = started.map(({ id, user_id }) => toCharge({ reservation: id, user_id }));
      await commit(ledger, LIMITS, { reservations, ended: started, charges });
      started = reservations;
    };
    const count = async () => {
      await ledger.run("select pg_stat_force_next_flush()");
      const [row] = await ledger.run(`
        select n_tup_upd::integer as updates, n_tup_hot_upd::integer as in_place
        from pg_stat_user_tables where relname = 'ai_user_totals'`);
      return row as { updates: number; in_place: number };
    };
    await work();
    await work();
    const before = await count();
    for (let i = 0; i < BATCHES; i++) await work();
    const after = await count();
    const updates = after.updates - before.updates;
    assertEquals(updates, BATCHES * USERS * 2);
    assertEquals(after.in_place - before.in_place, updates);
  },
});
