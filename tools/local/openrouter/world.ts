/** What all routes of one simulated OpenRouter share; nothing lives outside of it. */
import type { Ledger } from "./ledger.ts";
import type { OAuthKeys } from "./oauth_keys.ts";
import type { Received } from "./received.ts";
import type { Attempts } from "./simulation.ts";

/** The state and the settings of one simulated OpenRouter. */
export interface World {
  ledger: Ledger;
  oauthKeys: OAuthKeys;
  attempts: Attempts;
  /** Epoch milliseconds. */
  now: () => number;
  /** Milliseconds between two chunks of a stream. */
  chunkDelayMs: number;
  /** How a gateway in front words completions and chunks. */
  toWire?: (body: Record<string, unknown>) => Record<string, unknown>;
  /** Milliseconds in which `/generation` does not know a generation that has ended. */
  generationDelayMs: number;
  /** USD that each account has in all. */
  credits: number;
}

/** What a route finds in its context. */
export interface Env {
  Bindings: { received: Received };
  Variables: {
    /** Who pays: a key given by OAuth is an account of its own, all others are one. */
    account: string;
  };
}
