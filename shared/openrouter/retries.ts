/**
 * The retry policy: an error that is `retryable` is attempted again, within the deadline. What makes an
 * error of the gateway retryable is in `gateway/failures.ts`, for lost connections in `send.ts`.
 */
import { ApiError } from "../errors.ts";
import type { Call } from "../http/call.ts";
import { setDeadline } from "../http/deadlines.ts";

/** Attempts after the first one. */
const MAX_RETRIES = 2;
/** The longest `Retry-After` that is waited for. */
const MAX_RETRY_AFTER_MS = 20_000;
const FIRST_BACKOFF_MS = 500;

/** When attempts have to stop. */
export interface AttemptLimits {
  /** Milliseconds after the caller's request arrived. */
  deadlineMs: number;
  /** Aborts the attempts with its reason, for example because another call has failed. */
  signal?: AbortSignal;
}

/**
 * Runs `attempt` up to three times. The deadline, the end of the caller's connection and the given
 * signal abort it.
 *
 * @throws {ApiError} what the last attempt threw; 504 `AI_UPSTREAM_UNAVAILABLE` past the deadline;
 *   499 `REQUEST_CANCELLED` when the caller closed the connection; the reason of an aborted signal.
 */
export async function withRetries<T>(
  call: Pick<Call, "request" | "elapsedMs">,
  { deadlineMs, signal }: AttemptLimits,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const remainingMs = () => deadlineMs - call.elapsedMs();
  const { signal: caller } = call.request;
  const onCallerGone = () => controller.abort(cancelled());
  const onGiven = signal && (() => controller.abort(signal.reason));
  const cancelDeadline = setDeadline(remainingMs(), () => controller.abort(timedOut()));
  link(caller, onCallerGone);
  if (onGiven) link(signal, onGiven);
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
    cancelDeadline();
    caller.removeEventListener("abort", onCallerGone);
    if (onGiven) signal.removeEventListener("abort", onGiven);
  }
}

/** Calls `abort` when the signal is aborted, or already was. */
function link(signal: AbortSignal, abort: () => void): void {
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
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
  const message = "The AI provider took too long to respond";
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", message);
}

function cancelled(): ApiError {
  return new ApiError(499, "REQUEST_CANCELLED", "The caller closed the connection");
}
