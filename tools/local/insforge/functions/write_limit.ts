/** The rate limit for writes of functions: 15 in 5 minutes, failed ones included. */

import type { MiddlewareHandler } from "hono";
import { Refusal } from "../refusal.ts";

const LIMIT = 15;
const WINDOW_MS = 5 * 60_000;

/**
 * Counts requests in fixed windows. The `RateLimit` headers contain what is left; a request above the
 * limit gets 429 with `Retry-After`. All callers share one budget.
 *
 * @param now the clock, in milliseconds.
 */
export function createWriteLimit(now: () => number): MiddlewareHandler {
  let [used, endsAt] = [0, 0];
  return async (context, next) => {
    if (now() >= endsAt) [used, endsAt] = [0, now() + WINDOW_MS];
    used++;
    const seconds = String(Math.ceil((endsAt - now()) / 1_000));
    if (used > LIMIT) {
      context.res = new Refusal(
        429,
        "TOO_MANY_REQUESTS",
        "Too many functions write requests. Please wait a few minutes and try again.",
      ).toResponse();
      context.header("Retry-After", seconds);
    } else {
      await next();
    }
    context.header("RateLimit-Policy", `${LIMIT};w=${WINDOW_MS / 1_000}`);
    context.header("RateLimit-Limit", String(LIMIT));
    context.header("RateLimit-Remaining", String(Math.max(0, LIMIT - used)));
    context.header("RateLimit-Reset", seconds);
  };
}
