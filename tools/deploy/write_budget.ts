/** Keeps within InsForge's limit on writes of functions, by waiting. */
import type { Clock } from "./clock.ts";

/** InsForge's limit, until a response states another. */
const WRITES = 15;
const WINDOW_MS = 5 * 60_000;
const PROGRESS_MS = 30_000;

/**
 * Counts how many writes are left in the current window. The headers of InsForge's responses override
 * the count, so that writes by other clients are included from the next response on.
 */
export class WriteBudget {
  #limit = WRITES;
  #left = WRITES;
  #endsAt = 0;

  constructor(readonly clock: Clock, readonly print: (line: string) => void) {}

  /**
   * Takes one write, after waiting until `needed` are left: a write that may have to be undone needs
   * a second one. Prints a line at the start of a wait and every 30 seconds.
   *
   * @throws the signal's reason when it is aborted during the wait.
   */
  async take(needed: number, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#endsAt - this.clock.now();
      if (leftMs <= 0) [this.#left, this.#endsAt] = [this.#limit, this.clock.now() + WINDOW_MS];
      if (this.#left >= Math.min(needed, this.#limit)) break;
      this.print(
        `waiting ${
          formatTime(leftMs)
        }: InsForge accepts ${this.#limit} writes of functions in 5 minutes`,
      );
      await this.clock.sleep(Math.min(leftMs, PROGRESS_MS), signal);
    }
    this.#left--;
  }

  /** Updates the count from the response to a write. */
  note(status: number, headers: Headers): void {
    const read = (name: string) => {
      const value = headers.get(name);
      return value !== null && /^\d+$/.test(value) ? Number(value) : undefined;
    };
    const seconds = read("RateLimit-Reset") ?? read("Retry-After");
    this.#limit = Math.max(1, read("RateLimit-Limit") ?? this.#limit);
    this.#left = status === 429 ? 0 : read("RateLimit-Remaining") ?? this.#left;
    if (seconds !== undefined) this.#endsAt = this.clock.now() + seconds * 1_000;
  }
}

function formatTime(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
