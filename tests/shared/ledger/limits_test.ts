import { assertEquals, assertMatch } from "@std/assert";
import { readLimits, toRefusal } from "../../../shared/ledger/limits.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

Deno.test("the limits are those that are set, by the ledger's names", () => {
  const read = (values: Record<string, string>) =>
    readLimits(createSettings(createEnvironment(values)));
  assertEquals(read({}), {});
  assertEquals(read({ USER_USD_PER_DAY: " " }), {});
  assertEquals(read({ USER_REQUESTS_PER_MINUTE: "10", PROJECT_USD_PER_MONTH: "0.25" }), {
    user_requests_per_minute: 10,
    project_usd_per_month: 0.25,
  });
});

Deno.test("a refusal tells the user what is used up, and when to come back", () => {
  const { status, message, retryAfterSeconds, nextActions } = toRefusal({
    refused: "project_usd_per_day",
    retry_after: 90,
    in_flight: false,
  });
  assertEquals([status, retryAfterSeconds], [402, 90]);
  assertMatch(message, /app.*today/);
  assertMatch(nextActions!, /90 seconds/);
});

Deno.test("how long to wait is told as people say it, never too short", () => {
  const waits: Record<number, string> = {
    1: "1 second",
    120: "120 seconds",
    121: "3 minutes",
    7_201: "3 hours",
    172_801: "3 days",
  };
  for (const [seconds, words] of Object.entries(waits)) {
    const { nextActions } = toRefusal({
      refused: "user_tokens_per_day",
      retry_after: Number(seconds),
      in_flight: false,
    });
    assertEquals(nextActions, `Try again in ${words}`);
  }
});
