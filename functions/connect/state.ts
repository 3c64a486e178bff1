/** What a connection has to remember between its two halves: kept by the browser, sealed. */
import { ApiError, invalidInput } from "../../shared/errors.ts";
import { open, seal } from "../../shared/user_keys/sealing.ts";
import type { Settings } from "../../shared/settings.ts";

/** A connection that was started. */
export interface Flow {
  userId: string;
  /** The PKCE code verifier, without which nobody can use the code. */
  verifier: string;
  /** Where OpenRouter sends the browser back to. */
  returnUrl: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

const BINDING = { purpose: "insforge-ai-functions connect state" };
const START_AGAIN = { nextActions: "Start again with POST /connect?route=start" };

/** Seals a started connection, fit for a URL's query. */
export function sealState(flow: Flow, settings: Settings): Promise<string> {
  return seal(JSON.stringify(flow), BINDING, settings);
}

/**
 * Opens the state of a connection that its own user comes back with.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when it was not made here, was altered or has expired, 403
 *   `FORBIDDEN` when another user started it.
 */
export async function openState(state: string, userId: string, settings: Settings): Promise<Flow> {
  const opened = await open(state, BINDING, settings);
  if (!opened) throw invalidInput('"state" must be the one that this function gave');
  const flow: Flow = JSON.parse(opened.text);
  // Or else somebody could have a victim approve a link, and get the victim's key as his own.
  if (flow.userId !== userId) {
    const message = "Another user has started this connection";
    throw new ApiError(403, "FORBIDDEN", message, START_AGAIN);
  }
  if (flow.expiresAt < Date.now()) {
    const message = '"state" has expired: a connection must be finished within 10 minutes';
    throw new ApiError(400, "INVALID_INPUT", message, START_AGAIN);
  }
  requireReturnUrl(flow.returnUrl, settings); // it may have been taken off the list since
  return flow;
}

/**
 * Checks that an address is one of `CONNECT_RETURN_URLS`, as a whole: path and query included.
 *
 * @returns the address in the form in which browsers read it, the only one to be used.
 * @throws {ApiError} 400 `INVALID_INPUT` for any other, 500 `INTERNAL_ERROR` when none is set.
 */
export function requireReturnUrl(returnUrl: string, settings: Settings): string {
  const allowed = settings.CONNECT_RETURN_URLS;
  if (allowed.length === 0) {
    const message = "The setting CONNECT_RETURN_URLS is missing; it must list the app's own " +
      "addresses that users come back to";
    throw new ApiError(500, "INTERNAL_ERROR", message);
  }
  // Compared after parsing: what looks different and is the same, or the other way round, is told.
  const address = URL.parse(returnUrl)?.href;
  if (address === undefined || !allowed.includes(address)) {
    throw invalidInput('"return_url" must be one of the addresses in CONNECT_RETURN_URLS');
  }
  return address;
}
