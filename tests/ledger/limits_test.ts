/** Which requests may start, and why others may not. */
import { assert, assertEquals } from "@std/assert";
import {
  commit,
  createTester,
  type Decision,
  findWrongSums,
  type Ledger,
  reservationOf,
  reserve,
  settle,
  spend,
  toCharge,
} from "../support/ledger.ts";

const test = createTester();

test("counts requests per minute in a sliding window", async (ledger) => {
  const limits = { user_requests_per_minute: 2 };
  await reserve(ledger, limits);
  await reserve(ledger, limits);
  await moveRecent(ledger, [45, 20]);
  const refused = await reserve(ledger, limits);
  assertEquals([refused.refused, refused.in_flight], ["user_requests_per_minute", false]);
  assertAbout(refused.retry_after!, 15);
  assertEquals((await reserve(ledger, limits, { user: "another" })).refused, undefined);

  await moveRecent(ledger, [60, 35]);
  assertEquals((await reserve(ledger, limits)).refused, undefined);
  assertEquals((await reserve(ledger, limits)).refused, "user_requests_per_minute");
});

test("waits for as many requests to leave the window as a lowered limit needs", async (ledger) => {
  for (let i = 0; i < 3; i++) await reserve(ledger, { user_requests_per_minute: 3 });
  await moveRecent(ledger, [50, 30, 10]);
  assertAbout((await reserve(ledger, { user_requests_per_minute: 2 })).retry_after!, 30);
  assertAbout((await reserve(ledger, { user_requests_per_minute: 1 })).retry_after!, 50);
});

test("counts a limit per minute above 60 by the request, and keeps at most 60 timestamps", async (ledger) => {
  const limits = { user_requests_per_minute: 600 };
  const start = async (count: number) => {
    const reservations = Array.from({ length: count }, () => reservationOf());
    const { decisions } = await commit(ledger, limits, { reservations });
    return decisions.filter((decision: unknown) => decision === null).length;
  };
  const started = [];
  for (const count of [1, 7, 400, 300]) started.push(await start(count));
  assertEquals(started, [1, 7, 400, 192]);
  const [row] = await ledger.run("select cardinality(recent) as times from ai_user_totals");
  assertEquals(row!.times, 60);

  // Each timestamp stands for 10 requests; the oldest 15 are a minute old.
  await moveRecent(ledger, Array.from({ length: 60 }, (_, i) => i < 15 ? 60 : 30));
  assertEquals(await start(600), 150);
  const refused = await reserve(ledger, limits);
  assertEquals(refused.refused, "user_requests_per_minute");
  assertAbout(refused.retry_after!, 30);
});

test("does not count a refused request", async (ledger) => {
  const limits = { user_requests_per_minute: 1 };
  for (let i = 0; i < 3; i++) await reserve(ledger, limits);
  await moveRecent(ledger, [60]);
  assertEquals((await reserve(ledger, limits)).refused, undefined);
});

test("does not count a further reservation of the same request", async (ledger) => {
  const limits = { user_requests_per_minute: 1, user_usd_per_day: 1 };
  await reserve(ledger, limits);
  assertEquals((await reserve(ledger, limits, { counts: false })).refused, undefined);
  assertEquals((await reserve(ledger, limits)).refused, "user_requests_per_minute");
});

for (const span of ["day", "month"]) {
  for (const who of ["user", "project"]) {
    const limit = `${who}_usd_per_${span}`;
    const limits = { [limit]: 1 };

    test(`${limit} lets requests start whose cost fits together`, async (ledger) => {
      const first = await reserve(ledger, limits, { usd: 0.25 });
      for (let i = 0; i < 3; i++) {
        assertEquals((await reserve(ledger, limits, { usd: 0.25 })).refused, undefined);
      }
      const refused = await reserve(ledger, limits, { usd: 0.01 });
      assertEquals([refused.refused, refused.in_flight, refused.retry_after], [
        "in_flight",
        true,
        5,
      ]);
      const other = await reserve(ledger, limits, { user: "another", usd: 0.25 });
      assertEquals(other.refused, who === "project" ? "in_flight" : undefined);

      await settle(ledger, first, [toCharge({ usd: 0.1 })]);
      assertEquals((await reserve(ledger, limits, { usd: 0.15 })).refused, undefined);
      assertEquals((await reserve(ledger, limits, { usd: 0.01 })).refused, "in_flight");
      assertEquals(await findWrongSums(ledger), []);
    });

    test(`${limit} refuses everything once it is spent, until the ${span} ends`, async (ledger) => {
      await spend(ledger, [toCharge({ usd: 1 })]);
      const most = await countSecondsLeft(ledger, span);
      const refused = await reserve(ledger, limits, { usd: 0 });
      const least = await countSecondsLeft(ledger, span);
      assertEquals([refused.refused, refused.in_flight], [limit, false]);
      assert(least <= refused.retry_after! && refused.retry_after! <= most);

      await moveTo(ledger, span === "day" ? "yesterday" : "last month");
      assertEquals((await reserve(ledger, limits)).refused, undefined);
    });

    test(`${limit} refuses a request whose maximum is more than what is left`, async (ledger) => {
      await spend(ledger, [toCharge({ usd: 0.9 })]);
      const { refused, usd, left_usd } = await reserve(ledger, limits, { usd: 0.11 });
      assertEquals([refused, usd, left_usd], ["request_usd", 0.11, 0.1]);
      assertEquals((await reserve(ledger, limits, { usd: 0.1 })).refused, undefined);
    });
  }
}

test("user_tokens_per_day lets requests start while any token is left", async (ledger) => {
  const limits = { user_tokens_per_day: 300 };
  await reserve(ledger, limits, { tokens: 299 });
  await reserve(ledger, limits, { tokens: 10_000 });
  assertEquals((await reserve(ledger, limits, { tokens: 1 })).refused, "in_flight");
  await spend(ledger, [toCharge({ prompt_tokens: 200, completion_tokens: 100 })]);
  assertEquals((await reserve(ledger, limits)).refused, "user_tokens_per_day");
});

test("one request may take a quarter of the project's limits at most", async (ledger) => {
  const limits = { project_usd_per_day: 100, project_usd_per_month: 40 };
  const { refused, left_usd } = await reserve(ledger, limits, { usd: 10.01 });
  assertEquals([refused, left_usd], ["request_usd", 10]);
  assertEquals((await reserve(ledger, limits, { usd: 10 })).refused, undefined);
});

test("unconfirmed charges of one user count for a quarter of the project's limit", async (ledger) => {
  const limits = { project_usd_per_month: 40 };
  for (let i = 0; i < 3; i++) {
    const decision = await reserve(ledger, limits, { usd: 6 });
    if (decision.refused) continue;
    await settle(ledger, decision, [toCharge({ usd: 6, final: false })], limits);
  }
  // A charge above what was held, such as several attempts without a generation id.
  const late = await reserve(ledger, limits, { usd: 0.5 });
  await settle(ledger, late, [toCharge({ usd: 330, final: false })], limits);
  const [{ month_usd }] = await ledger.run(
    "select month_usd::float8 from ai_project_sums(ai_today())",
  ) as [{ month_usd: number }];
  assertEquals(month_usd, 10);
  assertEquals((await reserve(ledger, limits, { usd: 0.01 })).refused, "request_usd");
  const other = await reserve(ledger, limits, { user: "another", usd: 10 });
  assertEquals(other.refused, undefined);
  assertEquals(await findWrongSums(ledger), []);
});

test("an unconfirmed charge counts in full for its own user", async (ledger) => {
  const limits = { user_usd_per_month: 8, project_usd_per_month: 40 };
  const decision = await reserve(ledger, limits, { usd: 2 });
  await settle(ledger, decision, [toCharge({ usd: 9, final: false })], limits);
  assertEquals((await reserve(ledger, limits, { usd: 0.1 })).refused, "user_usd_per_month");
  const [{ month_usd }] = await ledger.run(
    "select month_usd::float8 from ai_project_sums(ai_today())",
  ) as [{ month_usd: number }];
  assertEquals(month_usd, 8);
});

test("counts a month's limit from its first day", async (ledger) => {
  await spend(ledger, [toCharge({ usd: 1 })]);
  await moveTo(ledger, "first of the month");
  for (const limit of ["user_usd_per_month", "project_usd_per_month"]) {
    assertEquals((await reserve(ledger, { [limit]: 1 })).refused, limit);
  }
});

test("reports the refusal that lasts longest", async (ledger) => {
  await spend(ledger, [toCharge({ usd: 1 })]);
  await reserve(ledger, { user_requests_per_minute: 1 });
  const minute = { user_requests_per_minute: 1 };
  const refusedBy = async (limits: Record<string, number>) =>
    (await reserve(ledger, { ...minute, ...limits })).refused;
  assertEquals(await refusedBy({ user_usd_per_day: 1 }), "user_usd_per_day");
  assertEquals(
    await refusedBy({ user_usd_per_day: 1, user_usd_per_month: 1 }),
    "user_usd_per_month",
  );
  assertEquals(await refusedBy({ user_usd_per_day: 1.05 }), "request_usd");
  assertEquals(await refusedBy({ user_usd_per_day: 1.15 }), "user_requests_per_minute");
});

for (const limit of ["user_usd_per_day", "project_usd_per_day"]) {
  test(`releases what a request holds for ${limit} 10 minutes after its process died`, async (ledger) => {
    const limits = { [limit]: 1 };
    const lost = [];
    for (let i = 0; i < 4; i++) lost.push(await reserve(ledger, limits, { usd: 0.25 }));
    await age(ledger, "9 minutes 50 seconds");
    assertEquals((await reserve(ledger, limits)).refused, "in_flight");
    await age(ledger, "10 seconds");
    assertEquals((await reserve(ledger, limits)).refused, undefined);
    assertEquals(await findWrongSums(ledger), []);
    // When the process lives after all, what it spent still counts.
    await settle(ledger, lost[0]!, [toCharge({ usd: 2 })]);
    assertEquals((await reserve(ledger, limits)).refused, limit);
    assertEquals(await findWrongSums(ledger), []);
  });
}

test("a key of their own frees users of every limit, and their spending counts for none", async (ledger) => {
  await ledger.run("insert into ai_user_keys (user_id, key) values ('u', 'sealed')");
  const limits = {
    ...{ user_requests_per_minute: 1, user_tokens_per_day: 1, user_usd_per_day: 0.01 },
    ...{ user_usd_per_month: 0.01, project_usd_per_day: 0.4, project_usd_per_month: 0.4 },
  };
  for (let i = 0; i < 3; i++) {
    const decision = await reserve(ledger, limits);
    assertEquals([decision.refused, decision.key], [undefined, "sealed"]);
    await settle(ledger, decision, [toCharge()]);
  }
  const small = { usd: 0.01 };
  assertEquals((await reserve(ledger, limits, { ...small, user: "another" })).refused, undefined);

  const without = await reserve(ledger, limits, { ...small, useKey: false });
  assertEquals([without.refused, without.key], [undefined, undefined]);
  const again = await reserve(ledger, limits, { ...small, useKey: false });
  assertEquals(again.refused, "user_requests_per_minute");
  assertEquals(await findWrongSums(ledger), []);
});

test("refuses nothing without limits", async (ledger) => {
  for (let i = 0; i < 3; i++) await spend(ledger, [toCharge({ usd: 1e6 })]);
  assertEquals((await reserve(ledger, {}, { tokens: 2 ** 31 - 1 })).refused, undefined);
});

test("holds a reservation once when it arrives twice", async (ledger) => {
  const limits = { user_usd_per_day: 1 };
  const reservation = reservationOf({ usd: 0.6 });
  for (let i = 0; i < 2; i++) {
    const { decisions } = await commit(ledger, limits, { reservations: [reservation] });
    assertEquals(decisions, [null]);
  }
  assertEquals((await reserve(ledger, limits, { usd: 0.4 })).refused, undefined);
  assertEquals(await findWrongSums(ledger), []);
});

test("decides about a batch in its order and settles before it decides", async (ledger) => {
  const limits = { user_usd_per_day: 1, project_usd_per_day: 4, user_requests_per_minute: 4 };
  const open = await reserve(ledger, limits, { usd: 1 });
  const demands = [{ usd: 0.5 }, { usd: 0.6 }, { usd: 0.2 }, { user: "v", usd: 2 }, { usd: 0.1 }];
  const { decisions } = await commit(ledger, limits, {
    reservations: demands.map(reservationOf),
    ended: [{ id: open.id, user_id: open.user }],
    charges: [toCharge({ reservation: open.id, usd: 0.2 })],
  });
  assertEquals(
    decisions.map((decision: Decision | null) => decision?.refused ?? "starts"),
    ["starts", "in_flight", "starts", "request_usd", "starts"],
  );
  assertEquals(await findWrongSums(ledger), []);
});

test("asks for prices before it decides about USD for the first time", async (ledger) => {
  const limits = { user_usd_per_day: 1 };
  const reservations = [reservationOf()];
  const ask = async (some: Record<string, number>) =>
    (await commit(ledger, some, { reservations, needPrices: true })).decisions;
  assertEquals(await ask(limits), "prices_missing");
  assertEquals(await ask({ user_tokens_per_day: 1_000 }), [null]);
  await savePrices(ledger, []);
  assertEquals(await ask(limits), "prices_missing");
  await savePrices(ledger, [{ model: "m", prompt_usd: 0, completion_usd: 0 }]);
  assertEquals(await ask(limits), [null]);
});

test("holds the dearest of the models for each part, at the prices of the catalogue", async (ledger) => {
  await savePrices(ledger, [
    { model: "a", prompt_usd: 0.001, completion_usd: 0.002, image_usd: 0.5, request_usd: 0.25 },
    { model: "b", prompt_usd: 0.001, completion_usd: 0.004, image_usd: 0, request_usd: 0 },
    { model: "files", prompt_usd: 0.001, completion_usd: 0.001, reads_files: true },
    {
      ...{ model: "long", prompt_usd: 0.001, completion_usd: 0.001, long_prompt_tokens: 100 },
      ...{ long_prompt_usd: 0.01, long_completion_usd: 0.02 },
    },
  ]);
  const part = { prompt_tokens: 100, completion_tokens: 100 };
  const holdOf = async (...parts: object[]) => {
    await clearHolds(ledger);
    const priced = { parts, extra_usd: 1, prompt_usd: 1, completion_usd: 2, usd: undefined };
    await commit(ledger, { user_tokens_per_day: 1 }, {
      reservations: [{ ...reservationOf(), ...priced }],
    });
    const [{ usd }] = await ledger.run("select held_usd::float8 as usd from ai_reservations") as [
      { usd: number },
    ];
    return usd - 1;
  };
  const assertHold = async (expected: number, ...parts: object[]) =>
    assertEquals((await holdOf(...parts)).toFixed(6), expected.toFixed(6));
  await assertHold(0.1 + 0.2 + 0.25 + 1, { ...part, models: ["a"], images: 2 });
  await assertHold(0.3 + 0.25, { ...part, models: ["b", "a"] });
  await assertHold(0.5 + 0.5, { ...part, models: ["b"] }, { ...part, models: ["b"] });
  await assertHold(0.5, { ...part, models: ["b:nitro"] });
  await assertHold(0.5 + 7, { ...part, models: ["b"], file_usd: 7 });
  await assertHold(0.2, { ...part, models: ["files"], file_usd: 7 });
  await assertHold(3, { ...part, models: ["long"] });
  await assertHold(300, { ...part, models: ["unknown"] });
});

test("holds what a model without a price has cost when that is more, and never less", async (ledger) => {
  const cost = { prompt_tokens: 60, completion_tokens: 40 };
  await savePrices(ledger, [{ model: "known", prompt_usd: 0.01, completion_usd: 0.01 }]);
  await spend(ledger, [
    toCharge({ ...cost, model: "known", usd: 0.0001 }),
    toCharge({ ...cost, model: "cheap", usd: 0.0001 }),
    toCharge({ ...cost, model: "dear", usd: 50 }),
  ]);
  const part = { prompt_tokens: 10, completion_tokens: 10 };
  for (const [model, usd] of [["known", 0.2], ["cheap", 0.2], ["dear", 50]] as const) {
    await clearHolds(ledger);
    const parts = [{ ...part, models: [model] }];
    const priced = { parts, prompt_usd: 0.01, completion_usd: 0.01, usd: undefined };
    await commit(ledger, { user_tokens_per_day: 1_000 }, {
      reservations: [{ ...reservationOf({ user: model }), ...priced }],
    });
    const [row] = await ledger.run("select held_usd::float8 as usd from ai_reservations");
    assertEquals(row!.usd, usd, model);
  }
});

async function savePrices(ledger: Ledger, prices: object[]): Promise<void> {
  await ledger.run("select ai_save_prices($1::text::jsonb)", [JSON.stringify(prices)]);
}

async function clearHolds(ledger: Ledger): Promise<void> {
  await ledger.run("delete from ai_reservations");
  await ledger.run("update ai_user_totals set held_tokens = 0, held_usd = 0");
}

/** Whole seconds; fewer when the test itself took a while. */
function assertAbout(seconds: number, expected: number): void {
  assert(
    Number.isInteger(seconds) && expected - 10 <= seconds && seconds <= expected,
    `${seconds}`,
  );
}

/** Moves the user's newest requests to so many seconds ago, the oldest first. */
async function moveRecent(ledger: Ledger, seconds: number[]): Promise<void> {
  await ledger.run(
    `update ai_user_totals set recent = array(
       select now() - interval '1 second' * ago::integer
       from jsonb_array_elements_text($1::text::jsonb) with ordinality as x (ago, n) order by n
     ) where user_id = 'u'`,
    [JSON.stringify(seconds)],
  );
}

/** Makes all open reservations older. */
async function age(ledger: Ledger, span: string): Promise<void> {
  await ledger.run("update ai_reservations set created_at = created_at - $1::interval", [span]);
}

/** Whole seconds until the day or month ends. */
async function countSecondsLeft(ledger: Ledger, span: string): Promise<number> {
  const [row] = await ledger.run(
    `select ceil(extract(epoch from (date_trunc($1, now() at time zone 'UTC') + $2::interval)
       at time zone 'UTC' - now()))::integer as seconds`,
    [span, `1 ${span}`],
  );
  return row!.seconds;
}

const DAYS = {
  "yesterday": "ai_today() - 1",
  "first of the month": "date_trunc('month', ai_today())::date",
  "last month": "date_trunc('month', ai_today())::date - 1",
};

/** Makes all spending that of another day. */
async function moveTo(ledger: Ledger, day: keyof typeof DAYS): Promise<void> {
  const tables = ["ai_charges", "ai_user_days", "ai_project_days"];
  for (const table of [...tables, "ai_user_totals", "ai_project_totals"]) {
    await ledger.run(`update ${table} set day = ${DAYS[day]}`);
  }
}
