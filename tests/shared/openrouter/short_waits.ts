/** Waits that are promised in seconds, made testable. */

const FROM_MS = 300;
const TIMES = 10;

/**
 * Runs `run` while every timer of 300 ms or more goes off ten times as soon.
 *
 * @param waits gets the milliseconds that were asked for, in order.
 */
export async function withShortWaits<T>(run: () => Promise<T>, waits: number[] = []): Promise<T> {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((callback: () => void, ms = 0) => {
    if (ms < FROM_MS) return setTimeout(callback, ms);
    waits.push(ms);
    return setTimeout(callback, ms / TIMES);
  }) as typeof setTimeout;
  try {
    return await run();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}
