/** What becomes of a request's cost: written down once, corrected later, learned from. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  createTester,
  findWrongSums,
  type Ledger,
  readUsage,
  reserve,
  settle,
  spend,
  toCharge,
} from "../support/ledger.ts";

const test = createTester();
const NOTHING = { requests: 0, prompt_tokens: 0, completion_tokens: 0, usd: 0 };

test("a request is settled once, however often it is said", async (ledger) => {
  const { reservation } = await reserve(ledger);
  for (const usd of [0.1, 0.1, 7]) await settle(ledger, reservation, [toCharge({ usd })]);
  assertEquals((await readUsage(ledger)).today, {
    ...{ requests: 1, prompt_tokens: 10, completion_tokens: 5, usd: 0.1 },
  });
  const nobody = crypto.randomUUID();
  await assertRejects(() => settle(ledger, nobody, [toCharge()]), Error, "no reservation");
  assertEquals(await findWrongSums(ledger), []);
});

test("a request that cost nothing leaves nothing but its place in the minute", async (ledger) => {
  await spend(ledger, []);
  assertEquals(await readUsage(ledger), { today: NOTHING, month: NOTHING, days: [] });
  assertEquals(
    (await reserve(ledger, { user_requests_per_minute: 1 })).refused,
    "user_requests_per_minute",
  );
});

test("a request with several generations counts once, with the first one's model", async (ledger) => {
  await spend(ledger, [toCharge(), toCharge(), toCharge({ model: "other", usd: 0.25 })]);
  const { today, month, days } = await readUsage(ledger);
  assertEquals(today, { requests: 1, prompt_tokens: 30, completion_tokens: 15, usd: 0.45 });
  assertEquals(month, today);
  const [{ day }] = await ledger.run("select ai_today()::text as day");
  assertEquals(days, [
    {
      day,
      model: "m",
      ...today,
      prompt_tokens: 20,
      completion_tokens: 10,
      usd: 0.2,
      own_key: false,
    },
    {
      ...{ day, model: "other", requests: 0, prompt_tokens: 10, completion_tokens: 5, usd: 0.25 },
      own_key: false,
    },
  ]);
  assertEquals(await findWrongSums(ledger), []);
});

test("what upstream leaves out or gets wrong counts as nothing, and refuses nothing", async (ledger) => {
  await spend(ledger, [{ final: true, prompt_tokens: -5, usd: null }]);
  await spend(ledger, [toCharge({ prompt_tokens: 10.4, generation_id: "g", final: false })]);
  await reconcile(ledger, [{ generation_id: "g", usd: null }, {}]);
  assertEquals((await readUsage(ledger)).today, {
    ...{ requests: 2, prompt_tokens: 10, completion_tokens: 5, usd: 0.1 },
  });
});

test("names that no index would take are cut, and refuse nothing", async (ledger) => {
  const noise = Array.from({ length: 999 }, () => crypto.randomUUID()).join("");
  await spend(ledger, [toCharge({ model: noise, generation_id: noise, final: false })]);
  const { days } = await readUsage(ledger);
  assertEquals([days.length, days[0].model], [1, noise.slice(0, 200)]);
});

test("money is exact", async (ledger) => {
  for (let i = 0; i < 10; i++) await spend(ledger, [toCharge({ usd: 0.1 })]);
  await spend(ledger, [toCharge({ usd: 1e-10 })]);
  const [{ usd }] = await ledger.run("select sum(usd)::text as usd from ai_project_days");
  assertEquals(usd, "1.0000000001");
});

test("usage lists 31 days, newest first, and sets what went on own keys apart", async (ledger) => {
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

test("an estimate gives way to the real cost, once, up or down", async (ledger) => {
  for (const [id, usd] of [["up", 0.4], ["down", 0.01]] as const) {
    await spend(ledger, [toCharge({ generation_id: id, final: false })]);
    const real = { generation_id: id, prompt_tokens: 7, completion_tokens: 50, usd };
    await reconcile(ledger, [real]);
    await reconcile(ledger, [{ ...real, usd: 9 }]);
  }
  const sums = { requests: 2, prompt_tokens: 14, completion_tokens: 100, usd: 0.41 };
  assertEquals((await readUsage(ledger)).today, sums);
  assertEquals(await findWrongSums(ledger), []);
});

test("a correction counts for the day of the request", async (ledger) => {
  await spend(ledger, [toCharge({ generation_id: "late", final: false })]);
  for (const table of ["ai_charges", "ai_user_days", "ai_project_days"]) {
    await ledger.run(`update ${table} set day = day - 1`);
  }
  await reconcile(ledger, [{ ...toCharge({ usd: 0.3 }), generation_id: "late" }]);
  const { today, days } = await readUsage(ledger);
  assertEquals([today, days.length, days[0].usd], [NOTHING, 1, 0.3]);
  assertEquals(await findWrongSums(ledger), []);
});

test("settling corrects earlier charges of the same user, and no other's", async (ledger) => {
  for (const user of ["u", "another"]) {
    await spend(ledger, [toCharge({ generation_id: user, final: false })], { user });
  }
  const { reservation } = await reserve(ledger);
  const real = ["u", "another"].map((id) => toCharge({ generation_id: id, usd: 0.5 }));
  await settle(ledger, reservation, [toCharge()], real);
  assertEquals((await readUsage(ledger)).today.usd, 0.6);
  assertEquals((await readUsage(ledger, "another")).today.usd, 0.1);
  assertEquals(await findWrongSums(ledger), []);
});

test("estimates are handed out to be looked up: later each time, and ten times", async (ledger) => {
  await spend(ledger, [
    toCharge({ generation_id: "due", final: false }),
    toCharge({ generation_id: "known", final: true }),
    toCharge({ generation_id: null, final: false }), // nothing to look up
  ]);
  const [{ rest }] = await ledger.run(
    `select extract(epoch from next_try_at - created_at)::integer as rest
     from ai_charges where generation_id = 'due'`,
  );
  assertEquals(rest, 2, "OpenRouter hardly knows it sooner");
  await postpone(ledger);
  assertEquals((await reserve(ledger)).unreconciled, []);
  await makeDue(ledger);
  assertEquals((await reserve(ledger, {}, { user: "another" })).unreconciled, []);

  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) {
    await makeDue(ledger);
    const { reservation, unreconciled } = await reserve(ledger);
    assertEquals(unreconciled, [{ generation_id: "due", model: "m" }]);
    const [{ pause }] = await ledger.run(
      `select round(extract(epoch from c.next_try_at - r.created_at) / 5)::integer * 5 as pause
       from ai_charges c, ai_reservations r where c.generation_id = 'due' and r.id = $1::uuid`,
      [reservation],
    );
    pauses.push(pause);
    await postpone(ledger);
    assertEquals((await reserve(ledger)).unreconciled, []);
  }
  assertEquals(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, null] as number[]);
  await makeDue(ledger);
  assertEquals((await reserve(ledger)).unreconciled, []);
  assertEquals((await readUsage(ledger)).today.usd, 0.3);
});

test("at most five estimates are handed out with a reservation, and of its own kind", async (ledger) => {
  const charges = Array.from(
    { length: 7 },
    (_, i) => toCharge({ generation_id: `g${i}`, final: false }),
  );
  await spend(ledger, charges);
  await makeDue(ledger, 8);
  await ledger.run("insert into ai_user_keys (user_id, key) values ('u', 'sealed')");
  assertEquals((await reserve(ledger)).unreconciled, [], "the user's key cannot ask for them");
  const counts = [];
  for (let i = 0; i < 3; i++) {
    counts.push((await reserve(ledger, {}, { useKey: false })).unreconciled.length);
  }
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

test("the sweep clears away reservations that are a day old", async (ledger) => {
  const old = await spend(ledger, [toCharge()]);
  await reserve(ledger);
  await ledger.run(
    "update ai_reservations set created_at = now() - interval '25 hours' where id = $1::uuid",
    [old.reservation],
  );
  await sweep(ledger, 0);
  const [{ left }] = await ledger.run("select count(*)::integer as left from ai_reservations");
  assertEquals([left, (await readUsage(ledger)).today.requests], [1, 1]);
});

test("what a model costs is learned, and held for those who come after", async (ledger) => {
  const charge = toCharge({ prompt_tokens: 60, completion_tokens: 40, usd: 0.01 });
  assertEquals((await reserve(ledger)).usd_per_token, null);
  await spend(ledger, [charge]);
  const { usd_per_token, reservation } = await reserve(ledger, {}, { tokens: 1_000, usd: 9 });
  const [{ held }] = await ledger.run(
    "select held_usd::float8 as held from ai_reservations where id = $1::uuid",
    [reservation],
  );
  assertEquals([usd_per_token, held], [0.0001, 0.1]);

  await spend(ledger, [{ ...charge, usd: 0.06 }]);
  assertEquals((await reserve(ledger)).usd_per_token, 0.0002, "a fifth of the way");
  // Neither estimates nor gifts nor other people's contracts teach a price.
  await ledger.run("insert into ai_user_keys (user_id, key) values ('own', 'sealed')");
  await spend(ledger, [{ ...charge, usd: 5 }], { user: "own" });
  await spend(ledger, [{ ...charge, usd: 5, final: false }, { ...charge, usd: 0 }]);
  assertEquals((await reserve(ledger)).usd_per_token, 0.0002);
});

test("a model that bills no tokens is held at what a request costs", async (ledger) => {
  const image = toCharge({ prompt_tokens: 0, completion_tokens: 0, usd: 0.04 });
  await spend(ledger, [image]);
  await spend(ledger, [image]);
  await reserve(ledger, {}, { tokens: 1_000, usd: 9 });
  const [{ held }] = await ledger.run("select max(held_usd)::float8 as held from ai_reservations");
  assertEquals(held, 0.1, "the first, of unknown price, as it was told");
  assertEquals((await reserve(ledger, { user_usd_per_day: 0.12 })).in_flight, true);
  assertEquals((await reserve(ledger, { user_usd_per_day: 0.13 })).refused, undefined);
});

async function reconcile(ledger: Ledger, reconciled: unknown[]): Promise<void> {
  await ledger.run("select ai_reconcile(reconciled => $1::text::jsonb)", [
    JSON.stringify(reconciled),
  ]);
}

async function sweep(ledger: Ledger, max: number): Promise<{ user_id: string }[]> {
  const [{ due }] = await ledger.run("select ai_sweep(max => $1::integer) as due", [max]);
  return due;
}

/** Lets the time come at which to ask for what was only estimated; after 8 tries not soon again. */
async function makeDue(ledger: Ledger, tries: number | null = null): Promise<void> {
  await ledger.run(
    `update ai_charges set next_try_at = now(), tries = coalesce($1::integer, tries)
     where next_try_at is not null`,
    [tries],
  );
}

/** Keeps that time from coming while the test runs. */
async function postpone(ledger: Ledger): Promise<void> {
  await ledger.run(
    "update ai_charges set next_try_at = now() + interval '1 day' where next_try_at is not null",
  );
}
