/** What lets a request start, and what it is told when it may not. */
import { assert, assertEquals } from "@std/assert";
import { createTester, type Ledger, reserve, settle, spend, toCharge } from "../support/ledger.ts";

const test = createTester();

test("requests per minute are counted in a window that slides", async (ledger) => {
  const limits = { user_requests_per_minute: 2 };
  const first = await reserve(ledger, limits);
  await reserve(ledger, limits);
  await age(ledger, "45 seconds", first.reservation);

  const refused = await reserve(ledger, limits);
  assertEquals([refused.refused, refused.in_flight], ["user_requests_per_minute", false]);
  assertAbout(refused.retry_after, 15);
  assertEquals((await reserve(ledger, limits, { user: "another" })).refused, undefined);

  await age(ledger, "15 seconds", first.reservation);
  assertEquals((await reserve(ledger, limits)).refused, undefined);
  assertEquals((await reserve(ledger, limits)).refused, "user_requests_per_minute");
});

test("of a limit that was lowered, as many requests leave the window as it needs", async (ledger) => {
  const made = [];
  for (const seconds of [50, 30, 10]) {
    const { reservation } = await reserve(ledger);
    await age(ledger, `${seconds} seconds`, reservation);
    made.push(reservation);
  }
  // With a limit of two the one of 30 seconds ago has to leave, with one that of 10 seconds ago.
  assertAbout((await reserve(ledger, { user_requests_per_minute: 2 })).retry_after, 30);
  assertAbout((await reserve(ledger, { user_requests_per_minute: 1 })).retry_after, 50);
});

test("a refused request is not counted", async (ledger) => {
  await reserve(ledger, { user_requests_per_minute: 1 });
  await reserve(ledger, { user_requests_per_minute: 1 });
  const [{ count }] = await ledger.run("select count(*)::integer from ai_reservations");
  assertEquals(count, 1);
});

for (
  const [limit, amount, demand] of [
    ["user_tokens_per_day", 300, { tokens: 150 }],
    ["user_usd_per_day", 0.3, { usd: 0.15 }],
    ["user_usd_per_month", 0.3, { usd: 0.15 }],
    ["project_usd_per_day", 0.3, { usd: 0.15 }],
    ["project_usd_per_month", 0.3, { usd: 0.15 }],
  ] as const
) {
  const limits = { [limit]: amount };

  test(`${limit} is filled by what is held, for a moment`, async (ledger) => {
    const first = await reserve(ledger, limits, demand);
    // What a request holds itself is not counted against it, so the last may pass the limit.
    await reserve(ledger, limits, { ...demand, tokens: 10_000, usd: 10 });
    const refused = await reserve(ledger, limits, demand);
    assertEquals(refused, { refused: limit, retry_after: 5, in_flight: true } as typeof refused);
    const other = await reserve(ledger, limits, { user: "another" });
    assertEquals(other.refused, limit.startsWith("project") ? limit : undefined);

    await age(ledger, "10 minutes");
    assertEquals((await reserve(ledger, limits, demand)).refused, undefined);
    await settle(ledger, first.reservation, []);
  });

  test(`${limit} is filled by what was spent, until the day or month ends`, async (ledger) => {
    await spend(ledger, [toCharge({ prompt_tokens: 200, completion_tokens: 100, usd: 0.3 })]);
    const span = limit.endsWith("day") ? "day" : "month";
    const most = await countSecondsLeft(ledger, span);
    const refused = await reserve(ledger, limits, demand);
    const least = await countSecondsLeft(ledger, span);
    assertEquals([refused.refused, refused.in_flight], [limit, false]);
    assert(least <= refused.retry_after && refused.retry_after <= most, `${refused.retry_after}`);

    await moveTo(ledger, span === "day" ? "yesterday" : "last month");
    assertEquals((await reserve(ledger, limits, demand)).refused, undefined);
  });
}

test("a month's limit counts from its first day", async (ledger) => {
  await spend(ledger, [toCharge({ usd: 1 })], { user: "u" });
  await moveTo(ledger, "first of the month");
  for (const limit of ["user_usd_per_month", "project_usd_per_month"]) {
    assertEquals((await reserve(ledger, { [limit]: 1 })).refused, limit);
  }
});

test("of several refusals the one that lasts longest is told", async (ledger) => {
  await spend(ledger, [toCharge({ usd: 1 })]);
  const limits = { user_requests_per_minute: 1, user_usd_per_day: 1 };
  assertEquals((await reserve(ledger, limits)).refused, "user_usd_per_day");
  const month = { ...limits, user_usd_per_day: 2, user_usd_per_month: 1 };
  assertEquals((await reserve(ledger, month)).refused, "user_usd_per_month");
  const moment = { user_requests_per_minute: 1, user_usd_per_day: 1.05 };
  assertEquals((await reserve(ledger, moment)).refused, "user_requests_per_minute");
});

test("a request whose process died gives back what it held after 10 minutes", async (ledger) => {
  const limits = { user_tokens_per_day: 100 };
  const { reservation } = await reserve(ledger, limits);
  await age(ledger, "9 minutes 50 seconds");
  assertEquals((await reserve(ledger, limits)).in_flight, true);
  await age(ledger, "10 seconds");
  assertEquals((await reserve(ledger, limits)).refused, undefined);
  // Should it be alive after all, what it used still counts.
  await settle(ledger, reservation, [toCharge({ prompt_tokens: 90, completion_tokens: 10 })]);
  assertEquals((await reserve(ledger, limits)).in_flight, false);
});

test("a key of their own frees users of every limit, and nobody else pays for it", async (ledger) => {
  await ledger.run("insert into ai_user_keys (user_id, key) values ('u', 'sealed')");
  const limits = {
    ...{ user_requests_per_minute: 1, user_tokens_per_day: 1, user_usd_per_day: 0.01 },
    ...{ user_usd_per_month: 0.01, project_usd_per_day: 0.01, project_usd_per_month: 0.01 },
  };
  for (let i = 0; i < 3; i++) {
    const answer = await reserve(ledger, limits);
    assertEquals([answer.refused, answer.key], [undefined, "sealed"]);
    await settle(ledger, answer.reservation, [toCharge()]);
  }
  await reserve(ledger, limits); // held, too, is theirs
  assertEquals((await reserve(ledger, limits, { user: "another" })).refused, undefined);

  // Without the key they begin at nothing.
  const without = await reserve(ledger, { user_requests_per_minute: 1 }, { useKey: false });
  assertEquals([without.refused, without.key], [undefined, null]);
  const again = await reserve(ledger, limits, { useKey: false });
  assertEquals(again.refused, "user_requests_per_minute");
});

test("no limits, no refusal", async (ledger) => {
  for (let i = 0; i < 3; i++) await spend(ledger, [toCharge({ usd: 1e6 })]);
  assertEquals((await reserve(ledger, {}, { tokens: 2 ** 31 - 1 })).refused, undefined);
});

/** Whole seconds, and no more than the test itself may have taken fewer. */
function assertAbout(seconds: number, expected: number): void {
  assert(
    Number.isInteger(seconds) && expected - 10 <= seconds && seconds <= expected,
    `${seconds}`,
  );
}

/** Whole seconds until the day or month ends. */
async function countSecondsLeft(ledger: Ledger, span: "day" | "month"): Promise<number> {
  const [{ seconds }] = await ledger.run(
    `select ceil(extract(epoch from (date_trunc($1, now() at time zone 'UTC') + $2::interval)
       at time zone 'UTC' - now()))::integer as seconds`,
    [span, `1 ${span}`],
  );
  return seconds;
}

/** Lets time pass for one reservation, or for all. */
async function age(ledger: Ledger, interval: string, reservation?: string): Promise<void> {
  await ledger.run(
    `update ai_reservations set created_at = created_at - $1::interval
     where id = coalesce($2::uuid, id)`,
    [interval, reservation ?? null],
  );
}

const DAYS = {
  "yesterday": "ai_today() - 1",
  "first of the month": "date_trunc('month', ai_today())::date",
  "last month": "date_trunc('month', ai_today())::date - 1",
};

/** Lets what was spent have been spent on another day. */
async function moveTo(ledger: Ledger, day: keyof typeof DAYS): Promise<void> {
  for (const table of ["ai_charges", "ai_user_days", "ai_project_days"]) {
    await ledger.run(`update ${table} set day = ${DAYS[day]}`);
  }
}
