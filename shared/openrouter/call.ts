/**
 * Requests to the gateway from beginning to end: policy, gateway, reservation, attempts, judgement,
 * charge.
 */
import { mapConcurrently } from "../concurrency.ts";
import { ApiError, ProgrammerError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import type { GatewayRequest } from "../gateway/interface.ts";
import { requireUserKeySupport } from "../gateway/openrouter.ts";
import type { Call } from "../http/call.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { maxResponseMs } from "../http/platform.ts";
import type { PaidCall } from "../ledger/estimate.ts";
import { RESERVATION_MS } from "../ledger/store.ts";
import { toOpaqueUserId, withOpaqueUser } from "../policy/end_user.ts";
import { applyPolicy } from "../policy/policy.ts";
import { toOwnKeyFailure } from "../user_keys/failures.ts";
import { openUserKey } from "../user_keys/user_key.ts";
import { openPricedBills } from "./billing.ts";
import { logGeneration } from "./generation_log.ts";
import { chargeStream, type Exchange, readCharged, sendPaid } from "./charging.ts";
import { type Judge, readFailure } from "./json_responses.ts";
import type { Protocol } from "./protocol.ts";
import { type AttemptLimits, withRetries } from "./retries.ts";
import { readGenerationId } from "./send.ts";
import { StreamGuard } from "./stream_guard.ts";
import { createTrace } from "./telemetry.ts";

/** A request meant for OpenRouter. */
export interface Operation {
  /** Such as `/chat/completions`. */
  path: string;
  /** The body's fields. */
  params: Fields;
  /** How its events are read; needed to stream, and for servers that stream unasked. */
  protocol?: Protocol;
  /** What its pieces cost at most, USD, when that is known; see `PaidCall`. */
  usd?: number;
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
 * @param options.signal aborts all of them.
 * @returns one response per operation, in their order.
 * @throws {ApiError} as {@link requestJson}, for the first failure.
 */
export async function requestAllJson<T>(
  call: Call,
  operations: Operation[],
  { concurrency, judge, signal: given }: {
    concurrency: number;
    judge: (index: number) => Judge<T>;
    signal?: AbortSignal;
  },
): Promise<T[]> {
  const exchanges = await openExchanges(call, operations);
  return await mapConcurrently(exchanges, concurrency, (exchange, { index, signal: own }) => {
    const signal = given ? AbortSignal.any([given, own]) : own;
    return runJson(call, exchange, { judge: judge(index), signal });
  });
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
  const { gateway, key, trace } = exchange;
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
      onEvents: trace?.openStream(),
    });
    const id = readGenerationId(response);
    // Before `open`, so that a stream that fails before its first event is charged, too.
    guard.ended.then((ending) => chargeStream(log, exchange, { ...ending, id: id ?? ending.id }));
    await guard.open();
    trace?.reachFirstChunk();
    // After `open`: until then a failure is the response, and not the outcome of a stream.
    guard.ended.then(({ outcome }) => {
      log.stream = typeof outcome === "string" ? outcome : outcome.code;
      trace?.end(typeof outcome === "string" ? undefined : outcome);
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
  requireOpen(call);
  const gateway = chooseGateway(settings, headers);
  const user = await toOpaqueUserId(call.userId, settings);
  const requests = operations.map(({ path, params, protocol, usd }) => {
    const fields = withOpaqueUser(path, applyPolicy(path, params, settings), user);
    const request = gateway.request(path, fields);
    const trace = createTrace(call, { path, fields, gateway, protocol });
    const paid = new SentCall({ path, params: fields, usd }, request);
    return { request, protocol, trace, paid };
  });
  const bills = await openPricedBills(call, requests.map(({ paid }) => paid));
  const key = bills[0]?.sealedKey ? await readPayersKey(call, bills[0].sealedKey) : undefined;
  return bills.map((bill, i) => ({ ...requests[i]!, gateway, bill, key }));
}

const encoder = new TextEncoder();

/** A request as it is sent. Few calls need the number of its bytes, which takes encoding the body. */
class SentCall implements PaidCall {
  readonly path: string;
  readonly params: Fields;
  readonly usd: number | undefined;
  readonly #body: string | undefined;

  constructor({ path, params, usd }: Omit<PaidCall, "bytes">, { body }: GatewayRequest) {
    this.path = path;
    this.params = params;
    this.usd = usd;
    this.#body = body;
  }

  get bytes(): number {
    return encoder.encode(this.#body).length;
  }
}

/** With `ASSISTANTS_ONLY`, a model answers as an assistant, or to what a function wrote itself. */
function requireOpen({ settings, assistant, ownPrompts }: Call): void {
  if (!settings.ASSISTANTS_ONLY || assistant !== undefined || ownPrompts) return;
  throw new ApiError(403, "FORBIDDEN", "This app can only be used through its assistants", {
    nextActions: "Name an assistant in a request of chat, stream or v1",
  });
}

/** The user's own key, which pays. */
function readPayersKey({ settings, userId }: Call, sealedKey: string): Promise<string> {
  requireUserKeySupport(settings);
  return openUserKey(sealedKey, userId!, settings);
}

async function runJson<T>(
  call: Call,
  exchange: Exchange,
  { judge, signal }: { judge: Judge<T>; signal?: AbortSignal },
): Promise<T> {
  const deadlineMs = Math.min(call.settings.REQUEST_DEADLINE_MS, maxResponseMs());
  const limits = { deadlineMs, signal };
  const result = await attempt(call, exchange, limits, async (signal) => {
    const response = await sendPaid(exchange, signal);
    const value = await readCharged(call, exchange, { response, signal });
    judge(value as T, readFailure(value, response, exchange.gateway));
    return value as T;
  });
  exchange.trace?.end();
  return result;
}

/**
 * Runs attempts at a request; a failure about the user's own key is the user's to correct. After a
 * success the caller ends the trace.
 */
export function attempt<T>(
  call: Call,
  { key, trace }: Exchange,
  limits: AttemptLimits,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const result = trace
    ? trace.start(() => withRetries(call, limits, run))
    : withRetries(call, limits, run);
  if (key === undefined) return result;
  return result.catch((failure) => {
    throw toPayersFailure(failure, key);
  });
}

/** A failure about a key is the user's to mend when the key is their own. */
function toPayersFailure<T>(failure: T, key: string | undefined): T | ApiError {
  return key ? toOwnKeyFailure(failure) : failure;
}
