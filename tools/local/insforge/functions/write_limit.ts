/** How many writes of functions InsForge takes: 15 in 5 minutes, whatever became of them. */

import type { MiddlewareHandler } from "hono";
import { Refusal } from "../refusal.ts";

const LIMIT = 15;
const WINDOW_MS = 5 * 60_000;

/**
 * Counts every request it sees in fixed windows, tells of what is left in the `RateLimit` headers,
 * and answers 429 with `Retry-After` once nothing is. One budget for all callers: here they are one.
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
