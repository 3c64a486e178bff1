/**
 * Requests to the gateway from beginning to end: policy, gateway, reservation, attempts, judgement,
 * charge.
 */
import { mapConcurrently } from "../concurrency.ts";
import { type ApiError, ProgrammerError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import type { Gateway, GatewayRequest } from "../gateway/interface.ts";
import { requireUserKeySupport } from "../gateway/openrouter.ts";
import type { Call, LogFields } from "../http/call.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { maxResponseMs } from "../http/platform.ts";
import type { Bill } from "../ledger/bill.ts";
import type { Answered } from "../ledger/charge.ts";
import { RESERVATION_MS } from "../ledger/store.ts";
import { withOpaqueUser } from "../policy/end_user.ts";
import { applyPolicy } from "../policy/policy.ts";
import { readTokenUsage } from "../token_usage.ts";
import { toOwnKeyFailure } from "../user_keys/failures.ts";
import { openUserKey } from "../user_keys/user_key.ts";
import { openPricedBills } from "./billing.ts";
import { logGeneration } from "./generation_log.ts";
import { type Judge, parseResponse, readFailure } from "./json_responses.ts";
import type { Protocol } from "./protocol.ts";
import { type AttemptLimits, withRetries } from "./retries.ts";
import { mayBeBilled, readGenerationId, readText, send } from "./send.ts";
import { type Ending, StreamGuard } from "./stream_guard.ts";

/** A request meant for OpenRouter. */
export interface Operation {
  /** Such as `/chat/completions`. */
  path: string;
  /** The body's fields. */
  params: Fields;
  /** How its events are read; needed to stream, and for servers that stream unasked. */
  protocol?: Protocol;
}

/** A request that may be sent: it keeps to the policy, and its cost is reserved. */
export interface Exchange {
  /** The gateway that it is sent to. */
  gateway: Gateway;
  /** The request in the gateway's form. */
  request: GatewayRequest;
  /** What it is charged to. */
  bill: Bill;
  /** The user's own key; undefined for the project's. */
  key: string | undefined;
  /** How its events are read. */
  protocol: Protocol | undefined;
}

/**
 * Posts a request and reads the response as JSON.
 *
 * @param judge the only gate for a response with a status below 300.
 * @returns the response as the gateway sent it.
 * @throws {ApiError} as the docs' table of errors says; 504 past `REQUEST_DEADLINE_MS`; what `judge`
 *   throws.
 */
export async function requestJson<T>(
  call: Call,
  operation: Operation,
  judge: Judge<T>,
): Promise<T> {
  const [exchange] = await openExchanges(call, [operation]) as [Exchange];
  return await runJson(call, exchange, { judge });
}

/**
 * Posts several requests whose cost is reserved at once, before the first of them is sent. After
 * the first failure the others are aborted and charged.
 *
 * @param options.concurrency how many are in flight at a time.
 * @returns one response per operation, in their order.
 * @throws {ApiError} as {@link requestJson}, for the first failure.
 */
export async function requestAllJson<T>(
  call: Call,
  operations: Operation[],
  { concurrency, judge }: { concurrency: number; judge: (index: number) => Judge<T> },
): Promise<T[]> {
  const exchanges = await openExchanges(call, operations);
  return await mapConcurrently(
    exchanges,
    concurrency,
    (exchange, { index, signal }) => runJson(call, exchange, { judge: judge(index), signal }),
  );
}

/**
 * Posts a request and waits for the first event of the stream, so that a failure up to there has a
 * status, or is retried unseen.
 *
 * @param preface bytes to send before the gateway's.
 * @returns the gateway's bytes, guarded; give them to `eventStream`.
 * @throws {ApiError} as {@link requestJson}; 504 past `STREAM_FIRST_EVENT_DEADLINE_MS`.
 */
export async function requestStream(
  call: Call,
  operation: Operation & { protocol: Protocol },
  preface?: Uint8Array,
): Promise<ByteSource> {
  const { settings, log } = call;
  const [exchange] = await openExchanges(call, [operation]) as [Exchange];
  const { gateway, bill, key } = exchange;
  const maxMs = Math.min(RESERVATION_MS, maxResponseMs());
  const deadlineMs = Math.min(settings.STREAM_FIRST_EVENT_DEADLINE_MS, maxMs);
  return await attempt(call, exchange, { deadlineMs }, async (signal) => {
    const response = await sendPaid(exchange, signal);
    const guard = new StreamGuard(response, {
      protocol: operation.protocol,
      readError: (body) => toPayersFailure(gateway.readError({ status: 200, body }), key),
      preface,
      idleMs: settings.STREAM_IDLE_WATCHDOG_MS,
      lastsMs: maxMs - call.elapsedMs(),
    });
    const id = readGenerationId(response);
    // Before `open`, so that a stream that fails before its first event is charged, too.
    guard.ended.then((ending) => chargeStream(log, bill, { ...ending, id: id ?? ending.id }));
    await guard.open();
    // After `open`: until then a failure is the response, and not the outcome of a stream.
    guard.ended.then(({ outcome }) => {
      log.stream = typeof outcome === "string" ? outcome : outcome.code;
    });
    logGeneration(log, { id: id ?? guard.seen.id, model: guard.seen.model });
    return guard;
  });
}

const WITHOUT_CALLER = "A paid call needs a caller to charge: await requireUser or " +
  "requireProjectKey before it, or write the function with withAi";

/** Policy, gateway, reservation, and the key that pays. */
export async function openExchanges(call: Call, operations: Operation[]): Promise<Exchange[]> {
  const { settings, request: { headers } } = call;
  if (!call.userId) throw new ProgrammerError(WITHOUT_CALLER);
  const gateway = chooseGateway(settings, headers);
  const requests = await Promise.all(operations.map(async ({ path, params, protocol }) => {
    const fields = await withOpaqueUser(path, applyPolicy(path, params, settings), call);
    const request = gateway.request(path, fields);
    const bytes = encoder.encode(request.body).length;
    return { request, protocol, paid: { path, params: fields, bytes } };
  }));
  const bills = await openPricedBills(call, requests.map(({ paid }) => paid));
  const key = await readPayersKey(call, bills[0]);
  return bills.map((bill, i) => ({ ...requests[i]!, gateway, bill, key }));
}

/** The user's own key, when it pays. */
async function readPayersKey(
  { settings, userId }: Call,
  bill: Bill | undefined,
): Promise<string | undefined> {
  if (!bill?.sealedKey) return undefined;
  requireUserKeySupport(settings);
  return await openUserKey(bill.sealedKey, userId!, settings);
}

async function runJson<T>(
  call: Call,
  exchange: Exchange,
  { judge, signal }: { judge: Judge<T>; signal?: AbortSignal },
): Promise<T> {
  const deadlineMs = Math.min(call.settings.REQUEST_DEADLINE_MS, maxResponseMs());
  const limits = { deadlineMs, signal };
  return await attempt(call, exchange, limits, async (signal) => {
    const response = await sendPaid(exchange, signal);
    const value = await readCharged(call, exchange, { response, signal });
    judge(value as T, readFailure(value, response, exchange.gateway));
    return value as T;
  });
}

/** Runs attempts at a request; a failure about the user's own key is the user's to correct. */
export async function attempt<T>(
  call: Call,
  { key }: Exchange,
  limits: AttemptLimits,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withRetries(call, limits, run);
  } catch (failure) {
    throw toPayersFailure(failure, key);
  }
}

/** Sends, and charges the estimate of a request that got no response and may have been taken. */
export async function sendPaid(
  { gateway, request, bill, key }: Exchange,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await send(request, { gateway, key, signal });
  } catch (failure) {
    if (mayBeBilled(failure)) bill.charge({});
    throw failure;
  }
}

/** Reads a response and charges it, whatever is thought of it later. */
export async function readCharged(
  call: Call,
  { gateway, request, bill, protocol }: Exchange,
  { response, signal }: { response: Response; signal: AbortSignal },
): Promise<unknown> {
  const id = readGenerationId(response);
  let text: string;
  try {
    text = await readText(response, signal);
  } catch (failure) {
    bill.charge({ id }); // the gateway was at work
    throw failure;
  }
  const value = request.toOpenRouterForm(parseResponse(text, protocol));
  if (typeof value !== "object" || value === null) {
    if (id) bill.charge({ id });
    return value;
  }
  const { usage, ...about } = value as Record<"id" | "model", unknown> & Answered;
  if (readTokenUsage(usage) || !gateway.readError({ status: 200, body: value })) {
    const answered = { id: id ?? asText(about.id), model: asText(about.model), usage };
    bill.charge(answered);
    logGeneration(call.log, answered);
  }
  return value;
}

function chargeStream(log: LogFields, bill: Bill, ending: Ending): void {
  const { outcome, refused, tokens, ...answered } = ending;
  if (refused && !readTokenUsage(answered.usage)) return; // nothing was generated
  const isPart = outcome !== "complete";
  bill.charge(answered, { completionTokens: isPart ? tokens : tokens || undefined, isPart });
  logGeneration(log, answered);
}

/** A failure about a key is the user's to mend when the key is their own. */
function toPayersFailure<T>(failure: T, key: string | undefined): T | ApiError {
  return key ? toOwnKeyFailure(failure) : failure;
}

const encoder = new TextEncoder();

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
