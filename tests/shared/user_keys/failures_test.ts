/** Failures about a user's own key, worded for its owner. */
import { assert, assertEquals } from "@std/assert";
import { ApiError, type ErrorCode } from "../../../shared/errors.ts";
import { toOwnKeyFailure } from "../../../shared/user_keys/failures.ts";

for (
  const [code, status] of [
    ["AI_INVALID_API_KEY", 403],
    ["BILLING_INSUFFICIENT_BALANCE", 402],
  ] as [ErrorCode, number][]
) {
  Deno.test(`rewords ${code} as a ${status} with what the owner can do`, () => {
    const cause = new ApiError(502, code, "the project's words", { retryAfterSeconds: 5 });
    const failure = toOwnKeyFailure(cause);
    assertEquals([failure.status, failure.code, failure.cause], [status, code, cause]);
    assert(failure.nextActions);
    assert(!failure.message.includes("project"));
  });
}

Deno.test("returns every other failure unchanged", () => {
  const failures = [new ApiError(429, "RATE_LIMITED", "slow down"), new TypeError("x"), "text"];
  for (const failure of failures) assertEquals(toOwnKeyFailure(failure), failure);
});
