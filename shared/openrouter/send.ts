/**
 * One request to OpenRouter, or the gateway in its place: made to keep to the policy, paid for by
 * somebody, sent once and read.
 *
 * It sends with `fetch`: the OpenAI SDK's client class costs 394 KB at every cold start, sleeps as
 * long as a `Retry-After` says, and drops what OpenRouter adds.
 */
import type { Call } from "../http/call.ts";
import { type Answered, type Bill, openBills } from "../ledger/bill.ts";
import { ApiError } from "../errors.ts";
import { chooseGateway, type Gateway, type GatewayRequest } from "../gateway/gateway.ts";
import { requireUserKeySupport } from "../gateway/openrouter.ts";
import { openUserKey } from "../user_keys/user_key.ts";
import { withOpaqueUser } from "../policy/end_user.ts";
import { applyPolicy } from "../policy/policy.ts";
import { unusable } from "../gateway/failures.ts";
import type { Fields } from "../fields.ts";
import { followUp } from "./follow_up.ts";
import { readTokenUsage } from "../token_usage.ts";

/** One request to the gateway, as often as it is tried. */
export interface Exchange extends GatewayRequest {
  gateway: Pick<Gateway, "readError">;
  /** The user's own key, the project's unless given. */
  key?: string;
  /** What its attempts are charged to; fetching costs nothing. */
  bill?: Bill;
}

/**
 * Makes a request of fields that are meant for OpenRouter. Nothing is posted but what keeps to the
 * policy, has a bill to go to and may be paid.
 *
 * @throws {ApiError} as `applyPolicy`, `Gateway.request`, `openBills` and `openUserKey`.
 */
export async function openExchange(call: Call, path: string, fields?: Fields): Promise<Exchange> {
  const params = fields &&
    await withOpaqueUser(path, applyPolicy(path, fields, call.settings), call);
  const gateway = chooseGateway(call.settings);
  const request = { ...gateway.request(path, params), gateway };
  if (!params) return request;
  const bytes = new TextEncoder().encode(request.body).length;
  const [bill] = await openBills(call, [{ path, params, bytes }]);
  followUp(call);
  if (!bill?.sealedKey) return { ...request, bill };
  requireUserKeySupport(call.settings);
  return { ...request, bill, key: await openUserKey(bill.sealedKey, call.userId!, call.settings) };
}

/**
 * Sends once, and judges the answer by its status alone.
 *
 * @returns an answer below 300, unread.
 * @throws {ApiError} as the table of errors in docs/troubleshooting.md says; the signal's reason where that is one.
 */
export async function send(
  { url, body, toHeaders, gateway, bill, key }: Exchange,
  signal: AbortSignal,
): Promise<Response> {
  if (signal.aborted) throw signal.reason;
  const headers = toHeaders(key);
  let response: Response;
  try {
    const method = body === undefined ? "GET" : "POST";
    response = await fetch(url, { method, headers, body, signal, redirect: "manual" });
  } catch (cause) {
    if (signal.aborted) bill?.charge({}); // what is under way is finished, and billed
    throw toNetworkFailure(cause, signal, { retryable: true });
  }
  if (response.status < 300) return response;
  const text = await readText(response, signal);
  // A gateway may repeat the key, which need not look like a credential.
  const used = headers.Authorization?.replace(/^Bearer /, "") ?? headers["X-API-Key"];
  const received = {
    status: response.status,
    headers: response.headers,
    body: used ? text.replaceAll(used, "[removed]") : text,
  };
  throw gateway.readError(received) ?? unreadable();
}

/**
 * Reads an answer and charges it, whatever is thought of it later.
 *
 * @param options.orText takes what does not say it is JSON as text.
 * @returns the JSON value in OpenRouter's form; null where the answer has no content.
 * @throws {ApiError} 502 or 504 for an answer that breaks off or is no JSON.
 */
export async function readAnswer(
  { bill, gateway, toOpenRouterForm }: Exchange,
  response: Response,
  signal: AbortSignal,
  { orText = false } = {},
): Promise<unknown> {
  const id = readGenerationId(response);
  let answer: unknown;
  try {
    const text = await readText(response, signal);
    const isJson = !orText || /\bjson\b/.test(response.headers.get("content-type") ?? "");
    answer = response.status === 204 ? null : isJson ? toOpenRouterForm(parse(text)) : text;
  } catch (thrown) {
    if (id || signal.aborted) bill?.charge({ id }); // cut or left, and yet made
    throw thrown;
  }
  if (typeof answer !== "object" || answer === null) {
    if (id) bill?.charge({ id });
    return answer;
  }
  const about = answer as Answered;
  if (readTokenUsage(about.usage) || !gateway.readError({ status: 200, body: answer })) {
    bill?.charge({ id: id ?? about.id, model: about.model, usage: about.usage });
  }
  return answer;
}

/**
 * Refuses an answer that is none, or says of itself that it failed.
 *
 * @throws {ApiError} as the error in it says, 502 for what is no object.
 */
export function requireAnswer({ gateway }: Exchange, answer: unknown, { headers }: Response): void {
  if (typeof answer !== "object" || answer === null) throw unreadable();
  const failure = gateway.readError({ status: 200, headers, body: answer });
  if (failure) throw failure;
}

/** OpenRouter's name of the generation, where an answer's headers tell it. */
export function readGenerationId(response: Response): string | undefined {
  return response.headers.get("x-generation-id") ?? undefined;
}

async function readText(response: Response, signal: AbortSignal): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    // Cut in the middle: it may have been billed, so it is not asked for again.
    throw toNetworkFailure(cause, signal, { retryable: false });
  }
}

/** What a `fetch` that threw means: our own abort says why itself, the rest is the network. */
function toNetworkFailure(
  cause: unknown,
  signal: AbortSignal,
  { retryable }: { retryable: boolean },
): ApiError {
  if (signal.aborted) return signal.reason;
  const message = "The AI provider could not be reached";
  return new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", message, { retryable, cause });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable();
  }
}

function unreadable(): ApiError {
  return unusable("The AI provider's answer could not be read");
}
