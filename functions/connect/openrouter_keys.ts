/** Gets users' OpenRouter keys by OAuth. https://openrouter.ai/docs/guides/overview/auth/oauth */
import type { Call } from "../../shared/http/call.ts";
import { ApiError } from "../../shared/errors.ts";
import { isPage, unusable } from "../../shared/gateway/failures.ts";
import { findError, parseBody, toReason } from "../../shared/gateway/upstream_error.ts";
import { readOpenRouterError } from "../../shared/gateway/openrouter.ts";
import type { Settings } from "../../shared/settings.ts";
import { CODE_CHALLENGE_METHOD } from "./pkce.ts";

/** OpenRouter's information about a key; amounts are USD. */
export interface KeyFacts {
  /** The key as OpenRouter masks it. */
  label?: string;
  /** The most the key may spend; null when there is no limit. */
  limit?: number | null;
  /** The remaining part of `limit`. */
  limit_remaining?: number | null;
  /** What the key has spent. */
  usage?: number;
  /** ISO 8601; null when the key does not expire. */
  expires_at?: string | null;
}

const TIMEOUT_MS = 15_000;

/**
 * The URL at OpenRouter on which a user gives the app a key.
 *
 * OpenRouter documents no parameter `state`, so the state is part of the callback URL.
 */
export function toAuthorizationUrl(
  { returnUrl, state, challenge }: { returnUrl: string; state: string; challenge: string },
  settings: Settings,
): string {
  const callback = new URL(returnUrl);
  callback.searchParams.set("connect_state", state);
  const url = new URL("../../auth", settings.OPENROUTER_BASE_URL + "/");
  url.searchParams.set("callback_url", callback.href);
  url.searchParams.set("code_challenge", challenge);
  url.searchParams.set("code_challenge_method", CODE_CHALLENGE_METHOD);
  return url.href;
}

/** The page at OpenRouter on which the owner of a key can limit or delete it. */
export async function toManageUrl(key: string, settings: Settings): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
  return new URL(`../../keys/${hex.join("")}`, settings.OPENROUTER_BASE_URL + "/").href;
}

/**
 * Exchanges a code for a key. There is no retry, because OpenRouter accepts a code once.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` or 403 `FORBIDDEN` when OpenRouter refuses the code, 502
 * or
 *   504 `AI_UPSTREAM_UNAVAILABLE` when it fails.
 */
export async function exchangeCode(
  call: Call,
  { code, verifier }: { code: string; verifier: string },
): Promise<string> {
  const { status, headers, text } = await request(call, "/auth/keys", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      code,
      code_verifier: verifier,
      code_challenge_method: CODE_CHALLENGE_METHOD,
    }),
  });
  if ((status === 400 || status === 403) && !isPage(text)) {
    const ours = status === 400 ? "INVALID_INPUT" : "FORBIDDEN";
    throw new ApiError(status, ours, toRefusal(text, [code, verifier]), {
      nextActions: "Connect your OpenRouter account again, from POST /connect?route=start on",
    });
  }
  if (status >= 300) throw toFailure(status, text, headers);
  const { key } = parse(text) as { key?: unknown };
  if (typeof key !== "string" || !/^[\x21-\x7e]+$/.test(key)) throw unreadable();
  return key;
}

/** The message for a refused code, with OpenRouter's reason and without the secrets of the flow. */
function toRefusal(text: string, secrets: string[]): string {
  const error = findError(parseBody(text)) ?? { metadata: {} };
  const reason = toReason(error, "it was used before, has expired or belongs to another flow");
  const safe = secrets.reduce((words, secret) => words.replaceAll(secret, "[removed]"), reason);
  return `OpenRouter refused the code: ${safe}`;
}

/**
 * Asks OpenRouter about a key.
 *
 * @returns undefined when OpenRouter does not accept the key.
 * @throws {ApiError} 502 or 504 `AI_UPSTREAM_UNAVAILABLE` when it fails.
 */
export async function readKeyFacts(call: Call, key: string): Promise<KeyFacts | undefined> {
  const { status, headers, text } = await request(call, "/key", {
    headers: { Authorization: `Bearer ${key}` },
  });
  if (status === 401 || status === 403 && !isPage(text)) return undefined;
  if (status >= 300) throw toFailure(status, text, headers);
  const { data } = parse(text) as { data?: KeyFacts };
  if (typeof data !== "object" || data === null) throw unreadable();
  const { label, limit, limit_remaining, usage, expires_at } = data;
  return { label, limit, limit_remaining, usage, expires_at };
}

/** Sends a request that an aborted call does not abort: a used code must lead to a stored key. */
async function request(
  { settings }: Call,
  path: string,
  init: RequestInit,
): Promise<{ status: number; headers: Headers; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(settings.OPENROUTER_BASE_URL + path, {
      ...init,
      redirect: "manual",
      signal,
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (cause) {
    throw signal.aborted
      ? new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "OpenRouter took too long to respond")
      : new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", "OpenRouter could not be reached", { cause });
  }
}

/** A 404 or 405 is not the caller's fault: the URL has no OAuth. */
function toFailure(status: number, text: string, headers: Headers): ApiError {
  const meant = status < 500 && ![408, 429].includes(status) ? 502 : status;
  return readOpenRouterError({ status: meant, headers, body: text }) ?? unreadable();
}

function parse(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw unreadable();
  }
}

function unreadable(): ApiError {
  return unusable("OpenRouter's response could not be read");
}
