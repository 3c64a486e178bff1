/** What becomes of a request's cost: recorded once, corrected later, learned from. */
import { assertEquals } from "@std/assert";
import {
  commit,
  createTester,
  findWrongSums,
  type Ledger,
  readUsage,
  reconcile,
  reserve,
  settle,
  spend,
  toCharge,
} from "../support/ledger.ts";

const test = createTester();
const NOTHING = {
  ...{ requests: 0, prompt_tokens: 0, completion_tokens: 0, usd: 0, unconfirmed_usd: 0 },
};

test("records a request once, however often it is settled", async (ledger) => {
  const decision = await reserve(ledger, { user_usd_per_day: 10 });
  for (const usd of [0.1, 0.1, 7]) await settle(ledger, decision, [toCharge({ usd })]);
  assertEquals((await readUsage(ledger)).today, {
    ...{ requests: 1, prompt_tokens: 10, completion_tokens: 5, usd: 0.1, unconfirmed_usd: 0 },
  });
  assertEquals(await findWrongSums(ledger), []);
});

test("records charges without a reservation", async (ledger) => {
  const charges = [toCharge(), toCharge({ user_id: "another" })];
  await commit(ledger, {}, { charges });
  await commit(ledger, {}, { charges });
  assertEquals((await readUsage(ledger)).today.usd, 0.1);
  assertEquals((await readUsage(ledger, "another")).today.requests, 1);
  assertEquals(await findWrongSums(ledger), []);
});

test("leaves nothing of a request that cost nothing but its place in the minute", async (ledger) => {
  const limits = { user_requests_per_minute: 1 };
  await settle(ledger, await reserve(ledger, limits), []);
  const nothing = { today: NOTHING, month: NOTHING, days: [], assistants: [] };
  assertEquals(await readUsage(ledger), nothing);
  const [row] = await ledger.run("select count(*)::integer from ai_reservations");
  assertEquals(row!.count, 0);
  assertEquals((await reserve(ledger, limits)).refused, "user_requests_per_minute");
});

test("counts a request with several generations once, with the first one's model", async (ledger) => {
  await spend(ledger, [toCharge(), toCharge(), toCharge({ model: "other", usd: 0.25 })]);
  const { today, month, days } = await readUsage(ledger);
  const sums = { requests: 1, prompt_tokens: 30, completion_tokens: 15, usd: 0.45 };
  assertEquals(today, { ...sums, unconfirmed_usd: 0 });
  assertEquals(month, today);
  const [row] = await ledger.run("select ai_today()::text as day");
  const about = { day: row!.day, own_key: false, unconfirmed_usd: 0 };
  assertEquals(days, [
    { ...about, model: "m", requests: 1, prompt_tokens: 20, completion_tokens: 10, usd: 0.2 },
    { ...about, model: "other", requests: 0, prompt_tokens: 10, completion_tokens: 5, usd: 0.25 },
  ]);
  assertEquals(await findWrongSums(ledger), []);
});

test("counts what the gateway leaves out or gets wrong as nothing", async (ledger) => {
  await spend(ledger, [toCharge({ prompt_tokens: -5, completion_tokens: null, usd: null })]);
  await spend(ledger, [toCharge({ prompt_tokens: 10.4, generation_id: "g", final: false })]);
  await reconcile(ledger, [{ generation_id: "g", usd: null }, {}]);
  assertEquals((await readUsage(ledger)).today, {
    ...{ requests: 2, prompt_tokens: 10, completion_tokens: 5, usd: 0.1, unconfirmed_usd: 0.1 },
  });
});

test("cuts names that are too long for an index", async (ledger) => {
  const noise = Array.from({ length: 999 }, () => crypto.randomUUID()).join("");
  await spend(ledger, [toCharge({ model: noise, generation_id: noise, final: false })]);
  const { days } = await readUsage(ledger);
  assertEquals([days.length, days[0].model], [1, noise.slice(0, 200)]);
});

test("adds money up exactly", async (ledger) => {
  for (let i = 0; i < 10; i++) await spend(ledger, [toCharge({ usd: 0.1 })]);
  await spend(ledger, [toCharge({ usd: 1e-10 })]);
  const [row] = await ledger.run("select sum(usd)::text as usd from ai_project_days");
  assertEquals(row!.usd, "1.0000000001");
});

test("lists 31 days, newest first, and keeps apart what an own key paid", async (ledger) => {
  await spend(ledger, [toCharge()]);
  for (const days of [30, 31]) {
    await ledger.run(
      `insert into ai_user_days select user_id, ai_today() - $1::integer, model, own_key,
         requests, prompt_tokens, completion_tokens, usd from ai_user_days where day = ai_today()`,
      [days],
    );
  }
  await ledger.run("insert into ai_user_keys (user_id, key) values ('u', 'sealed')");
  await spend(ledger, [toCharge({ usd: 5 })]);
  const { today, days } = await readUsage(ledger);
  assertEquals([today.requests, today.usd], [1, 0.1]);
  assertEquals(
    days.map(({ own_key, usd }: { own_key: boolean; usd: number }) => [own_key, usd]),
    [[false, 0.1], [true, 5], [false, 0.1]],
  );
  assertEquals((await readUsage(ledger, "another")).days, []);
});

test("replaces an estimate by the real cost, once, up or down", async (ledger) => {
  for (const [id, usd] of [["up", 0.4], ["down", 0.01]] as const) {
    await spend(ledger, [toCharge({ generation_id: id, final: false })]);
    const real = { generation_id: id, prompt_tokens: 7, completion_tokens: 50, usd };
    await reconcile(ledger, [real]);
    await reconcile(ledger, [{ ...real, usd: 9 }]);
  }
  const sums = { requests: 2, prompt_tokens: 14, completion_tokens: 100, usd: 0.41 };
  assertEquals((await readUsage(ledger)).today, { ...sums, unconfirmed_usd: 0 });
  assertEquals(await findWrongSums(ledger), []);
});

test("counts a correction for the day of the request", async (ledger) => {
  await spend(ledger, [toCharge({ generation_id: "late", final: false })]);
  const tables = ["ai_charges", "ai_user_days", "ai_project_days"];
  for (const table of [...tables, "ai_user_totals", "ai_project_totals"]) {
    await ledger.run(`update ${table} set day = day - 1`);
  }
  await reconcile(ledger, [{ ...toCharge({ usd: 0.3 }), generation_id: "late" }]);
  const { today, days } = await readUsage(ledger);
  assertEquals([today, days.length, days[0].usd], [NOTHING, 1, 0.3]);
  assertEquals(await findWrongSums(ledger), []);
});

test("prices a charge without a cost from the catalogue, or else by the fallback", async (ledger) => {
  await ledger.run("select ai_save_prices($1::text::jsonb)", [
    JSON.stringify([{ model: "m", prompt_usd: 0.001, completion_usd: 0.002 }]),
  ]);
  const unknown = { usd: null, final: false, prompt_usd: 0.1, completion_usd: 0.2, extra_usd: 1 };
  const usdOf = async (model: string) => {
    const parts = [{ models: [model], prompt_tokens: 10, completion_tokens: 5 }];
    const user_id = `user of ${model}`;
    await commit(ledger, {}, { charges: [toCharge({ ...unknown, user_id, parts })] });
    return (await readUsage(ledger, user_id)).today.usd;
  };
  assertEquals(await usdOf("m"), 1.02);
  assertEquals(await usdOf("other"), 3);
});

test("hands estimates out to be looked up: later each time, and ten times", async (ledger) => {
  await spend(ledger, [
    toCharge({ generation_id: "due", final: false }),
    toCharge({ generation_id: "known", final: true }),
    toCharge({ generation_id: null, final: false }), // nothing to look up
  ]);
  const [first] = await ledger.run(
    `select extract(epoch from next_try_at - created_at)::integer as rest
     from ai_charges where generation_id = 'due'`,
  );
  assertEquals(first!.rest, 2, "OpenRouter hardly knows it sooner");
  await postpone(ledger);
  assertEquals(await lookUp(ledger), []);
  await makeDue(ledger);
  assertEquals(await lookUp(ledger, "another"), []);

  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) {
    await makeDue(ledger);
    assertEquals(await lookUp(ledger), [{ generation_id: "due", user_id: "u", own_key: false }]);
    const [row] = await ledger.run(
      `select round(extract(epoch from next_try_at - now()) / 5)::integer * 5 as pause
       from ai_charges where generation_id = 'due'`,
    );
    pauses.push(row!.pause);
    await postpone(ledger);
    assertEquals(await lookUp(ledger), []);
  }
  assertEquals(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, null] as number[]);
  await makeDue(ledger);
  assertEquals(await lookUp(ledger), []);
});

test("hands out at most five estimates of a user at a time", async (ledger) => {
  const charges = Array.from(
    { length: 7 },
    (_, i) => toCharge({ generation_id: `g${i}`, final: false }),
  );
  await spend(ledger, charges);
  await makeDue(ledger, 8);
  const counts = [];
  for (let i = 0; i < 3; i++) counts.push((await lookUp(ledger)).length);
  assertEquals(counts, [5, 2, 0]);
});

test("the sweep hands out estimates of all users, with the keys of those who paid", async (ledger) => {
  await ledger.run(
    "insert into ai_user_keys (user_id, key) values ('own', 'sealed'), ('gone', 's')",
  );
  for (const user of ["u", "own", "gone"]) {
    await spend(ledger, [toCharge({ generation_id: user, final: false })], { user });
  }
  await ledger.run("delete from ai_user_keys where user_id = 'gone'");
  await postpone(ledger);
  assertEquals(await sweep(ledger, 9), []);
  await makeDue(ledger, 8);
  const due = await sweep(ledger, 9);
  assertEquals(
    new Map(due.map((charge) => [charge.user_id, charge])),
    new Map([
      ["own", { generation_id: "own", model: "m", user_id: "own", key: "sealed" }],
      ["u", { generation_id: "u", model: "m", user_id: "u", key: null }],
    ]),
  );
  assertEquals(await sweep(ledger, 9), []);
});

test("the sweep hands out no more than it is asked for", async (ledger) => {
  const charges = ["a", "b", "c"].map((id) => toCharge({ generation_id: id, final: false }));
  await spend(ledger, charges);
  await makeDue(ledger, 8);
  const counts = [];
  for (let i = 0; i < 3; i++) counts.push((await sweep(ledger, 2)).length);
  assertEquals(counts, [2, 1, 0]);
});

test("the sweep removes old charges and sums, and releases lost reservations", async (ledger) => {
  await spend(ledger, [toCharge(), toCharge()]);
  await reserve(ledger, { user_usd_per_day: 1 });
  await ledger.run("update ai_charges set day = ai_today() - 91 where number = 0");
  for (const table of ["ai_user_days", "ai_project_days"]) {
    await ledger.run(`
      insert into ${table} select (r).* from (
        select jsonb_populate_record(t, jsonb_build_object('day', ai_today() - 401)) as r
        from ${table} t
      ) old`);
  }
  await ledger.run("update ai_reservations set created_at = now() - interval '10 minutes'");
  await sweep(ledger, 0);
  const [row] = await ledger.run(`
    select (select count(*) from ai_charges)::integer as charges,
           (select count(*) from ai_user_days)::integer as user_days,
           (select count(*) from ai_project_days)::integer as project_days,
           (select count(*) from ai_reservations)::integer as reservations,
           (select sum(held_usd) from ai_user_totals)::float8 as held`);
  assertEquals(row, { charges: 1, user_days: 1, project_days: 1, reservations: 0, held: 0 });
});

test("asks one process a day to read the price catalogue again", async (ledger) => {
  const due = async () => (await commit(ledger, {}, { charges: [toCharge()] })).prices_due;
  const save = (prices: unknown[]) =>
    ledger.run("select ai_save_prices($1::text::jsonb)", [JSON.stringify(prices)]);
  assertEquals([await due(), await due()], [true, false]);
  await save([]); // the gateway did not respond
  assertEquals(await due(), false);
  await ledger.run("update ai_price_list set asked_at = now() - interval '5 minutes'");
  assertEquals([await due(), await due()], [true, false]);
  await save([{ model: "m", prompt_usd: 0.1, completion_usd: 0.1 }]);
  await ledger.run("update ai_price_list set asked_at = null");
  assertEquals(await due(), false);
  await ledger.run("update ai_price_list set read_at = now() - interval '1 day'");
  assertEquals([await due(), await due()], [true, false]);
});

test("functions of the first form still reserve and settle", async (ledger) => {
  const old = async (limits: object, usd: number) => {
    const [row] = await ledger.run(
      `select ai_reserve(user_id => 'u', slug => 'chat', model => 'm', tokens => 100,
         usd => $2::numeric, limits => $1::text::jsonb, use_key => true) as answer`,
      [JSON.stringify(limits), usd],
    );
    return row!.answer;
  };
  const settleOld = (reservation: string, charges: object[]) =>
    ledger.run("select ai_settle($1::uuid, $2::text::jsonb, '[]')", [
      reservation,
      JSON.stringify(charges),
    ]);
  const limits = { user_usd_per_day: 1 };
  const first = await old(limits, 0.6);
  assertEquals((await old(limits, 0.6)).refused, "user_usd_per_day");
  const charge = {
    generation_id: "g",
    prompt_tokens: 1,
    completion_tokens: 2,
    usd: 0.3,
    final: true,
  };
  for (let i = 0; i < 2; i++) await settleOld(first.reservation, [charge]);
  const { reservation, key } = await old({}, 5);
  assertEquals(key, null);
  await settleOld(reservation, [charge]);
  assertEquals((await readUsage(ledger)).today.usd, 0.6);
  assertEquals(await findWrongSums(ledger), []);
});

/** What the ledger hands out with a settlement of the user. */
async function lookUp(ledger: Ledger, user = "u"): Promise<unknown[]> {
  return (await commit(ledger, {}, { ended: [{ id: crypto.randomUUID(), user_id: user }] }))
    .look_ups;
}

async function sweep(ledger: Ledger, max: number): Promise<{ user_id: string }[]> {
  const [row] = await ledger.run("select ai_sweep(max => $1::integer) as due", [max]);
  return row!.due;
}

/** Makes all estimates due; after 8 tries they are not due again soon. */
async function makeDue(ledger: Ledger, tries: number | null = null): Promise<void> {
  await ledger.run(
    `update ai_charges set next_try_at = now(), tries = coalesce($1::integer, tries)
     where next_try_at is not null`,
    [tries],
  );
}

/** Makes no estimate due while the test runs. */
async function postpone(ledger: Ledger): Promise<void> {
  await ledger.run(
    "update ai_charges set next_try_at = now() + interval '1 day' where next_try_at is not null",
  );
}
