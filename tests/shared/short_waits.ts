/** Waits that are promised in seconds, made testable. */

const FROM_MS = 400;
const TIMES = 50;

/** Runs `run` while every timer of 400 ms or more goes off fifty times as soon. */
export async function withShortWaits<T>(run: () => Promise<T>): Promise<T> {
  const { setTimeout } = globalThis;
  globalThis.setTimeout =
    ((callback: () => void, ms = 0) =>
      setTimeout(callback, ms < FROM_MS ? ms : ms / TIMES)) as typeof setTimeout;
  try {
    return await run();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}
