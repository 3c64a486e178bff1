/** Limits how long something may take. */

/**
 * Calls `work` with a signal that is aborted with a `TimeoutError` after `ms` milliseconds. The timer
 * ends with the work, unlike that of `AbortSignal.timeout`.
 */
export async function withDeadline<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`no response within ${ms / 1_000} seconds`, "TimeoutError"));
  }, ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
