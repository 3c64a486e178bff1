/** What all routes of one simulated OpenRouter share. */
import type { Ledger } from "./ledger.ts";
import type { OAuthKeys } from "./oauth_keys.ts";
import type { Received } from "./received.ts";
import type { Attempts } from "./simulation.ts";

/** The state and the options of one simulated OpenRouter. */
export interface World {
  ledger: Ledger;
  oauthKeys: OAuthKeys;
  attempts: Attempts;
  /** Epoch milliseconds. */
  now: () => number;
  /** Milliseconds between two chunks of a stream. */
  chunkDelayMs: number;
  /** Converts completions and chunks to the form of another gateway. */
  toWire?: (body: Record<string, unknown>) => Record<string, unknown>;
  /** Milliseconds until `/generation` knows a finished generation. */
  generationDelayMs: number;
  /** USD of each account. */
  credits: number;
}

/** The context of a route. */
export interface Env {
  Bindings: { received: Received };
  Variables: {
    /** The account that pays. A key issued by OAuth is an account, all other keys share one. */
    account: string;
  };
}
