/** A limit on how long something may take. */

/**
 * Gives `work` a signal that is aborted with a `TimeoutError` after so many milliseconds. The timer
 * ends with the work; that of `AbortSignal.timeout` goes on.
 */
export async function withDeadline<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`no answer within ${ms / 1_000} seconds`, "TimeoutError"));
  }, ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
