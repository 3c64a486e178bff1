/** Limits of the settings, and the errors for requests that may not start. */
import { assertEquals, assertMatch } from "@std/assert";
import { readLimits, type Refusal, toRefusalError } from "../../../shared/ledger/limits.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

Deno.test("reads the limits that are set, under their names in the ledger", () => {
  const of = (values: Record<string, string>) =>
    readLimits(createSettings(createEnvironment(values)));
  assertEquals(of({}), {});
  assertEquals(of({ USER_REQUESTS_PER_MINUTE: "10", PROJECT_USD_PER_MONTH: "0.5" }), {
    user_requests_per_minute: 10,
    project_usd_per_month: 0.5,
  });
});

for (
  const [refused, status, code, message] of [
    ["user_requests_per_minute", 429, "RATE_LIMITED", /too quickly/],
    ["user_tokens_per_day", 429, "RATE_LIMITED", /today's AI tokens/],
    ["user_usd_per_day", 402, "BILLING_INSUFFICIENT_BALANCE", /^You .* today's AI budget/],
    ["user_usd_per_month", 402, "BILLING_INSUFFICIENT_BALANCE", /^You .* this month's/],
    ["project_usd_per_day", 402, "BILLING_INSUFFICIENT_BALANCE", /^This app .* today's/],
    ["project_usd_per_month", 402, "BILLING_INSUFFICIENT_BALANCE", /^This app .* this month's/],
    ["in_flight", 429, "RATE_LIMITED", /^Your requests in progress/],
  ] as const
) {
  Deno.test(`returns ${status} ${code} when the reason is ${refused}`, () => {
    const error = toRefusalError({ refused, retry_after: 12 });
    assertEquals([error.status, error.code, error.retryAfterSeconds], [status, code, 12]);
    assertMatch(error.message, message);
    assertEquals(error.nextActions, "Try again in 12 seconds");
  });
}

Deno.test("returns 402 with the request's maximum and what is left", () => {
  const messageOf = (usd: number, left_usd: number) =>
    toRefusalError({ refused: "request_usd", usd, left_usd }).message;
  const cases: [usd: number, left: number, most: string, rest: string][] = [
    [330.123, 12.5, "$330.13", "$12.5"],
    [2, 0, "$2", "$0"],
    [0.0615, 0.0499, "$0.062", "$0.049"],
    [0.000001234, 0.00000001, "$0.0000013", "$0.00000001"],
    [0.1 + 0.2, 0.3, "$0.3", "$0.3"],
  ];
  for (const [usd, left, most, rest] of cases) {
    assertEquals(messageOf(usd, left), `This request may cost up to ${most}, and ${rest} is left`);
  }
  const error = toRefusalError({ refused: "request_usd", usd: 1, left_usd: 0.5 });
  assertEquals([error.status, error.code], [402, "BILLING_INSUFFICIENT_BALANCE"]);
  assertMatch(error.nextActions!, /lower output limit/);
});

Deno.test("says how long to wait in whole units, rounded up", () => {
  const waitOf = (retry_after: number) =>
    toRefusalError({ refused: "in_flight", retry_after } satisfies Refusal).nextActions;
  const cases: [number, string][] = [
    [1, "1 second"],
    [120, "120 seconds"],
    [121, "3 minutes"],
    [7_201, "3 hours"],
    [172_801, "3 days"],
  ];
  for (const [seconds, text] of cases) assertEquals(waitOf(seconds), `Try again in ${text}`);
});
