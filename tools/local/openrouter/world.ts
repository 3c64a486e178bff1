/** What all routes of one simulated OpenRouter share; nothing lives outside of it. */
import type { Ledger } from "./ledger.ts";
import type { Received } from "./received.ts";
import type { Attempts } from "./simulation.ts";

/** The state and the settings of one simulated OpenRouter. */
export interface World {
  ledger: Ledger;
  attempts: Attempts;
  /** Epoch milliseconds. */
  now: () => number;
  /** Milliseconds between two chunks of a stream. */
  chunkDelayMs: number;
  /** Milliseconds in which `/generation` does not know a generation that has ended. */
  generationDelayMs: number;
  /** USD that the account has in all. */
  credits: number;
}

/** What a route finds in its context. */
export interface Env {
  Bindings: { received: Received };
}
