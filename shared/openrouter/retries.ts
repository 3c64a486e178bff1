/** The one retry policy: what may pass by itself is tried again, within the deadline. */
import type { Call } from "../http/call.ts";
import { ApiError } from "../errors.ts";

/** Tries after the first one. */
const MAX_RETRIES = 2;
/** The longest `Retry-After` worth waiting for. */
const MAX_RETRY_AFTER_MS = 20_000;
const FIRST_BACKOFF_MS = 500;

/**
 * Runs `attempt` under the deadline and the retry policy; the caller's leaving ends it, too.
 *
 * @param deadlineMs counted from when the request came in.
 * @throws {ApiError} what the last attempt threw, 504 `AI_UPSTREAM_UNAVAILABLE` past the deadline, 499
 *   `REQUEST_CANCELLED` when the caller has left.
 */
export async function withRetries<T>(
  call: Call,
  deadlineMs: number,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const remainingMs = () => deadlineMs - call.elapsedMs();
  const timer = setTimeout(() => controller.abort(timedOut()), Math.max(0, remainingMs()));
  const leave = () => controller.abort(cancelled());
  if (call.request.signal.aborted) leave();
  call.request.signal.addEventListener("abort", leave);
  try {
    for (let retries = 0;; retries++) {
      try {
        return await attempt(controller.signal);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        if (!thrown.retryable || retries === MAX_RETRIES) throw thrown;
        const waitMs = thrown.retryAfterSeconds === undefined
          ? FIRST_BACKOFF_MS * 2 ** retries * (0.75 + Math.random() / 2)
          : thrown.retryAfterSeconds * 1_000;
        if (waitMs > Math.min(MAX_RETRY_AFTER_MS, remainingMs())) throw thrown;
        await pause(waitMs, controller.signal);
      }
    }
  } finally {
    clearTimeout(timer);
    call.request.signal.removeEventListener("abort", leave);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

function timedOut(): ApiError {
  const message = "The AI provider took too long to answer";
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", message);
}

function cancelled(): ApiError {
  return new ApiError(499, "REQUEST_CANCELLED", "The caller went away");
}
