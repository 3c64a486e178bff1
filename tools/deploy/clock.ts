/** The time and pauses, replaceable so that tests need not wait. */
import { setTimeout } from "node:timers/promises";

/** Tells the time and pauses. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Pauses.
   *
   * @throws the signal's reason, as soon as it is aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    // An aborted timer throws an error of its own, without the reason.
    await setTimeout(ms, undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  },
};
