/** What the tests of failures say of a judgement. */
import { assert, assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";

export const UNAVAILABLE = "AI_UPSTREAM_UNAVAILABLE";
/** As the last word of a case: the same call may be tried again. */
export const RETRIED = true;

/** Fails unless an error is this one, and its message a phrase without its full stop. */
export function assertJudged(
  error: ApiError,
  status: number,
  code: string,
  retried: boolean,
): void {
  assertEquals(
    { status: error.status, code: error.code, retried: error.retryable },
    { status, code: code as ApiError["code"], retried },
    error.message,
  );
  assert(error.message.length > 0 && !error.message.endsWith("."), error.message);
}
