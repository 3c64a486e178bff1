/**
 * The state of a connection that was started, sealed and kept by the browser until it is finished.
 */
import { ApiError, invalidInput } from "../../shared/errors.ts";
import { open, seal } from "../../shared/user_keys/sealing.ts";
import type { Settings } from "../../shared/settings.ts";

/** A connection that was started and is not finished. */
export interface Flow {
  userId: string;
  /** The PKCE code verifier, without which the code is useless. */
  verifier: string;
  /** The page that OpenRouter sends the browser back to. */
  returnUrl: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

const BINDING = { purpose: "insforge-ai-functions connect state" };
const START_AGAIN = { nextActions: "Start again with POST /connect?route=start" };

/** Seals a connection as a text that fits into a URL's query. */
export function sealState(flow: Flow, settings: Settings): Promise<string> {
  return seal(JSON.stringify(flow), BINDING, settings);
}

/**
 * Opens the state with which a user comes back.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when it was not created here, was altered or has expired,
 *   403 `FORBIDDEN` when another user started it.
 */
export async function openState(state: string, userId: string, settings: Settings): Promise<Flow> {
  const opened = await open(state, BINDING, settings);
  if (!opened) throw invalidInput('"state" must be the one that this function returned');
  const flow: Flow = JSON.parse(opened.text);
  // Otherwise an attacker could send a victim a link to approve, and get the victim's key.
  if (flow.userId !== userId) {
    const message = "Another user has started this connection";
    throw new ApiError(403, "FORBIDDEN", message, START_AGAIN);
  }
  if (flow.expiresAt < Date.now()) {
    const message = '"state" has expired: a connection must be finished within 10 minutes';
    throw new ApiError(400, "INVALID_INPUT", message, START_AGAIN);
  }
  requireReturnUrl(flow.returnUrl, settings); // it may have been removed from the list
  return flow;
}

/**
 * Checks that a URL is one of `CONNECT_RETURN_URLS`, path and query included.
 *
 * @returns the URL in the normalized form that browsers use; use no other form.
 * @throws {ApiError} 400 `INVALID_INPUT` for any other URL, 500 `INTERNAL_ERROR` when none is set.
 */
export function requireReturnUrl(returnUrl: string, settings: Settings): string {
  const allowed = settings.CONNECT_RETURN_URLS;
  if (allowed.length === 0) {
    const message = "The setting CONNECT_RETURN_URLS is missing; it must list the pages of " +
      "the app that users come back to";
    throw new ApiError(500, "INTERNAL_ERROR", message);
  }
  // URLs are compared after parsing, because equal URLs can be written in different ways.
  const url = URL.parse(returnUrl)?.href;
  if (url === undefined || !allowed.includes(url)) {
    throw invalidInput('"return_url" must be one of the URLs that this app allows');
  }
  return url;
}
