/** Gets users' OpenRouter keys by OAuth. https://openrouter.ai/docs/guides/overview/auth/oauth */
import { ApiError } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { type Evidence, isPage, unusable } from "../../shared/gateway/failures.ts";
import type { GatewayRequest } from "../../shared/gateway/interface.ts";
import { createOpenRouter, readOpenRouterError } from "../../shared/gateway/openrouter.ts";
import { toReason } from "../../shared/gateway/upstream_error.ts";
import type { Call } from "../../shared/http/call.ts";
import { setDeadline } from "../../shared/http/deadlines.ts";
import { readText, send } from "../../shared/openrouter/send.ts";
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
 * Exchanges a code for a key. There is no retry, because OpenRouter accepts a code once.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` or 403 `FORBIDDEN` when OpenRouter refuses the code, 502 or
 *   504 `AI_UPSTREAM_UNAVAILABLE` when it fails.
 */
export async function exchangeCode(
  { settings }: Call,
  { code, verifier }: { code: string; verifier: string },
): Promise<string> {
  const fields = { code, code_verifier: verifier, code_challenge_method: CODE_CHALLENGE_METHOD };
  const request = createOpenRouter(settings).request("/auth/keys", fields);
  const { key } = await sendOnce(request, null).catch((failure) => {
    throw toRefusal(failure, [code, verifier]) ?? toFailure(failure);
  });
  if (typeof key !== "string" || !/^[\x21-\x7e]+$/.test(key)) throw unreadable();
  return key;
}

/** The refusal of a code, with OpenRouter's reason and without the secrets of the flow. */
function toRefusal(failure: unknown, secrets: string[]): ApiError | undefined {
  const { status, error, text } = readEvidence(failure);
  if (status !== 400 && status !== 403 || isPage(text)) return undefined;
  const reason = toReason(error!, "it was used before, has expired or belongs to another flow");
  const safe = secrets.reduce((words, secret) => words.replaceAll(secret, "[removed]"), reason);
  const code = status === 400 ? "INVALID_INPUT" : "FORBIDDEN";
  return new ApiError(status, code, `OpenRouter refused the code: ${safe}`, {
    nextActions: "Connect your OpenRouter account again, from POST /connect?route=start on",
  });
}

/**
 * Asks OpenRouter about a key.
 *
 * @returns undefined when OpenRouter does not accept the key.
 * @throws {ApiError} 502 or 504 `AI_UPSTREAM_UNAVAILABLE` when it fails.
 */
export async function readKeyFacts(
  { settings }: Call,
  key: string,
): Promise<KeyFacts | undefined> {
  let data: unknown;
  try {
    ({ data } = await sendOnce(createOpenRouter(settings).request("/key"), key));
  } catch (failure) {
    const { status, text } = readEvidence(failure);
    if (status === 401 || status === 403 && !isPage(text)) return undefined;
    throw toFailure(failure);
  }
  if (typeof data !== "object" || data === null) throw unreadable();
  const { label, limit, limit_remaining, usage, expires_at } = data as KeyFacts;
  return { label, limit, limit_remaining, usage, expires_at };
}

/**
 * Sends a request and reads its response. A caller who closes the connection does not abort it,
 * because a used code must lead to a stored key.
 *
 * @param key the user's key; null for none.
 */
async function sendOnce(request: GatewayRequest, key: string | null): Promise<Fields> {
  const controller = new AbortController();
  const { signal } = controller;
  const late = new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "OpenRouter took too long to respond");
  const cancelDeadline = setDeadline(TIMEOUT_MS, () => controller.abort(late));
  try {
    const gateway = { readError: readOpenRouterError };
    const response = await send(request, { gateway, key, signal });
    return Object(JSON.parse(await readText(response, signal)));
  } catch (failure) {
    throw failure instanceof SyntaxError ? unreadable() : failure;
  } finally {
    cancelDeadline();
  }
}

/** A 404 or 405 is not the caller's fault: the URL has no OAuth. */
function toFailure(failure: unknown): unknown {
  const { status = 500, text } = readEvidence(failure);
  if (status >= 500 || [408, 429].includes(status)) return failure;
  return readOpenRouterError({ status: 502, body: text });
}

/** What OpenRouter responded; nothing when no response came. */
function readEvidence(failure: unknown): Partial<Evidence> {
  return Object(Object(failure).cause) as Partial<Evidence>;
}

function unreadable(): ApiError {
  return unusable("OpenRouter's response could not be read");
}
