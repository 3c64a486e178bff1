/**
 * One exchange with OpenRouter, or the gateway in its place: sent, retried, timed out, cancelled, read and judged.
 *
 * It sends with `fetch`: the OpenAI SDK's client class costs 394 KB at every cold start, sleeps as
 * long as a `Retry-After` says, and drops what OpenRouter adds.
 */
import type { Call } from "./app.ts";
import { type Dialect, guardCompletion } from "./completion_stream.ts";
import { ApiError } from "./errors.ts";
import {
  createGatewayRequest,
  type GatewayRequest,
  requireGatewayKey,
  requireUserKeysTaken,
  toGatewayHeaders,
} from "./gateways.ts";
import { applyModelPolicy } from "./model_policy.ts";
import {
  type Asked,
  findError,
  toHttpFailure,
  toInBandFailure,
  unusable,
} from "./openrouter_failures.ts";
import type { Settings } from "./settings.ts";
import { type Answered, type Bill, type Charge, openBill } from "./usage.ts";

/** Fields of a request as they stand on the wire; unknown ones are OpenRouter's own. */
export type Params = Record<string, unknown>;

/** Tries after the first one, and the longest `Retry-After` worth waiting for. */
const MAX_RETRIES = 2;
const MAX_RETRY_AFTER_MS = 20_000;
const FIRST_BACKOFF_MS = 500;

/**
 * Posts, reads the answer as JSON and has it judged: by what it says of itself, then by `judge`.
 *
 * @throws {ApiError} as the README's table "Errors" says; 504 past `REQUEST_DEADLINE_MS`; what
 *   `judge` throws.
 */
export async function postJson<T>(
  call: Call,
  path: string,
  params: Params,
  judge: (answer: T) => void,
): Promise<T> {
  const exchange = await openExchange(call, path, params);
  return await withRetries(call, exchange, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
    const response = await send(call.settings, exchange, signal);
    const answer = await readBilled(exchange, response, signal);
    if (typeof answer !== "object" || answer === null) throw unreadable();
    refuseError(answer, response.headers, exchange.asked);
    judge(answer as T);
    return answer as T;
  });
}

/**
 * Starts a stream and waits for its first event, so that a failure up to there is an error with a
 * status, or is retried unseen. The log line is written when the stream ends.
 *
 * @param options.preface events of our own to send first.
 * @param options.dialect how to understand a stream that is not of chat completions.
 * @param options.trusting see {@link guardCompletion}'s options.
 * @returns OpenRouter's bytes, guarded. Cancelling the stream cancels the call.
 * @throws {ApiError} as {@link postJson}; 504 past `STREAM_FIRST_EVENT_DEADLINE_MS`.
 */
export async function postStream(
  call: Call,
  path: string,
  params: Params,
  options: { preface?: Uint8Array; dialect?: Dialect; trusting?: boolean },
): Promise<ReadableStream<Uint8Array>> {
  const { settings } = call;
  const exchange = await openExchange(call, path, { ...params, stream: true });
  const stream = await withRetries(
    call,
    exchange,
    settings.STREAM_FIRST_EVENT_DEADLINE_MS,
    async (signal) => {
      const response = await send(settings, exchange, signal);
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!isStream && !options.trusting) {
        // A plain answer to a streamed request is an error with status 200, if it is OpenRouter's.
        const answer = await readBilled(exchange, response, signal);
        refuseError(Object(answer), response.headers, exchange.asked);
        throw unusable("The AI provider answered without a stream");
      }
      return await guardStream(call, exchange, response, signal, options);
    },
  );
  call.hold();
  return stream;
}

/** The guarded stream. Whatever becomes of it is charged; once it is open, its end ends the call. */
async function guardStream(
  call: Call,
  { asked, bill }: Exchange,
  response: Response,
  signal: AbortSignal,
  options: { preface?: Uint8Array; dialect?: Dialect; trusting?: boolean },
): Promise<ReadableStream<Uint8Array>> {
  const about: Answered = { id: readGenerationId(response) };
  let isOpen = false;
  const stream = await guardCompletion(response, {
    ...options,
    asked,
    idleMs: call.settings.STREAM_IDLE_WATCHDOG_MS,
    onFirst({ id, model }) {
      about.id ??= id;
      about.model = model;
      call.log.model ??= model;
      call.log.generation_id ??= about.id;
    },
    async onEnd(outcome, events, usage) {
      // What ended before its first chunk was refused, unless it was we who left.
      if (usage || events > 0 || signal.aborted) bill?.charge({ ...about, usage }, events);
      if (!isOpen) return;
      call.log.stream = outcome;
      await call.end();
    },
  });
  isOpen = true;
  return stream;
}

/**
 * Asks the gateway and believes what comes with a status below 300, as OpenAI's SDK does: an error in
 * it is tried again like any other, but in the end it is for the reader to find, and noted in the
 * log. For contracts that took such answers for successes.
 *
 * @param params the body to post; without it the path is fetched.
 * @returns the JSON value, text where the answer says it is no JSON, null where it has no content.
 * @throws {ApiError} as {@link postJson}, but for what is judged by more than the status.
 */
export async function requestUnjudged(
  call: Call,
  path: string,
  params?: Params,
): Promise<unknown> {
  const exchange = await openExchange(call, path, params);
  let answer: unknown;
  try {
    await withRetries(call, exchange, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
      answer = undefined;
      const response = await send(call.settings, exchange, signal);
      answer = await readBilled(exchange, response, signal, { orText: true });
      if (typeof answer === "object" && answer) {
        refuseError(answer, response.headers, exchange.asked);
      }
    });
  } catch (thrown) {
    if (answer === undefined) throw thrown;
    call.log.failure = (thrown as ApiError).code;
  }
  return answer;
}

/** Fetches a path, which costs nothing, and reads the answer as {@link postJson} does. */
export async function getJson<T>(
  call: Call,
  path: string,
  judge: (answer: T) => void,
): Promise<T> {
  const exchange = await openExchange(call, path);
  return await withRetries(call, exchange, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
    const response = await send(call.settings, exchange, signal);
    const answer = Object(exchange.toAnswer(parse(await readText(response, signal))));
    refuseError(answer, response.headers, exchange.asked);
    judge(answer as T);
    return answer as T;
  });
}

/**
 * Asks once what a generation came to.
 *
 * @param key whose account paid for it, the project's unless given.
 * @returns nothing while OpenRouter does not know: for seconds after it ended, sometimes for minutes.
 * @see https://openrouter.ai/docs/api-reference/get-a-generation
 */
export async function getGeneration(
  settings: Settings,
  id: string,
  key?: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Charge | undefined> {
  const path = `/generation?id=${encodeURIComponent(id)}`;
  try {
    const request = createGatewayRequest(settings, path); // not every gateway can be asked
    const response = await send(settings, { ...request, key }, signal);
    const { data } = parse(await readText(response, signal)) as { data: GenerationRecord };
    return {
      generation_id: id,
      model: data.model,
      prompt_tokens: data.native_tokens_prompt ?? data.tokens_prompt ?? 0,
      completion_tokens: data.native_tokens_completion ?? data.tokens_completion ?? 0,
      usd: data.total_cost,
      final: true,
    };
  } catch {
    return undefined; // it is asked for again, and until then the estimate stands
  }
}

/** What OpenRouter's `/generation` says, as far as it is read. */
interface GenerationRecord {
  model: string;
  total_cost: number;
  tokens_prompt?: number | null;
  tokens_completion?: number | null;
  native_tokens_prompt?: number | null;
  native_tokens_completion?: number | null;
}

/** One request to the gateway, as often as it is tried. */
interface Exchange extends GatewayRequest {
  /** The user's own key, the project's unless given. */
  key?: string;
  /** What its attempts are charged to; fetching costs nothing. */
  bill?: Bill;
}

/** Nothing is posted but what has a bill to go to. */
async function openExchange(call: Call, path: string, fields?: Params): Promise<Exchange> {
  const params = fields && applyModelPolicy(path, fields, call.settings);
  const request = createGatewayRequest(call.settings, path, params);
  if (!params) return request;
  const bill = await openBill(
    call,
    { params, body: request.body! },
    (id, key, signal) => getGeneration(call.settings, id, key, signal),
  );
  if (bill.key) requireUserKeysTaken(call.settings);
  return { ...request, bill, key: bill.key };
}

/** Reads an answer and charges it, before anybody judges it. */
async function readBilled(
  { bill, toAnswer }: Exchange,
  response: Response,
  signal: AbortSignal,
  { orText = false } = {},
): Promise<unknown> {
  const id = readGenerationId(response);
  let answer: unknown;
  try {
    const text = await readText(response, signal);
    const isJson = !orText || /\bjson\b/.test(response.headers.get("content-type") ?? "");
    answer = response.status === 204 ? null : isJson ? toAnswer(parseAny(text)) : text;
  } catch (thrown) {
    if (id || signal.aborted) bill?.charge({ id }); // cut or left, and yet made
    throw thrown;
  }
  if (typeof answer !== "object" || answer === null) return answer;
  const about = answer as Answered;
  if (about.usage || !findError(answer)) {
    bill?.charge({ id: id ?? about.id, model: about.model, usage: about.usage });
  }
  return answer;
}

function readGenerationId(response: Response): string | undefined {
  return response.headers.get("x-generation-id") ?? undefined;
}

/** One request, judged by its status alone; what it returns is below 300 and unread. */
async function send(
  settings: Settings,
  { url, body, asked, bill, key = requireGatewayKey(settings) }: Exchange,
  signal: AbortSignal,
): Promise<Response> {
  if (signal.aborted) throw signal.reason;
  const headers = toGatewayHeaders(settings, key);
  let response: Response;
  try {
    const method = body === undefined ? "GET" : "POST";
    response = await fetch(url, { method, headers, body, signal, redirect: "manual" });
  } catch (cause) {
    if (signal.aborted) bill?.charge({}); // what is under way is finished, and billed
    throw toNetworkFailure(cause, signal, { retryable: true });
  }
  if (response.status < 300) return response;
  // A gateway may repeat the key, and not every key looks like one.
  const text = (await readText(response, signal)).replaceAll(key, "[removed]");
  throw toHttpFailure(response.status, text, response.headers, asked);
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

/** Runs `attempt` under the deadline and the retry policy; the caller's leaving ends it, too. */
async function withRetries<T>(
  call: Call,
  { key }: Exchange,
  deadlineMs: number,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const remainingMs = () => deadlineMs - call.elapsedMs();
  const timer = setTimeout(() => controller.abort(timedOut()), Math.max(0, remainingMs()));
  const leave = () => controller.abort(cancelled());
  if (call.request.signal.aborted) leave();
  call.request.signal.addEventListener("abort", leave);
  try {
    for (let retries = 0;; retries++) {
      try {
        return await attempt(controller.signal);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        if (key && thrown.code === "AI_INVALID_API_KEY") throw ownKeyRefused(thrown);
        if (!thrown.retryable || retries === MAX_RETRIES) throw thrown;
        const waitMs = thrown.retryAfterSeconds === undefined
          ? FIRST_BACKOFF_MS * 2 ** retries * (0.75 + Math.random() / 2)
          : thrown.retryAfterSeconds * 1_000;
        if (waitMs > Math.min(MAX_RETRY_AFTER_MS, remainingMs())) throw thrown;
        await pause(waitMs, controller.signal);
      }
    }
  } finally {
    clearTimeout(timer);
    call.request.signal.removeEventListener("abort", leave);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

/** For the user it is theirs to mend, where the project's key would be nobody's business. */
function ownKeyRefused(cause: ApiError): ApiError {
  const message = "OpenRouter no longer takes the key of the account you connected";
  return new ApiError(403, "AI_INVALID_API_KEY", message, {
    nextActions: "Connect your OpenRouter account again",
    cause,
  });
}

function timedOut(): ApiError {
  const message = "The AI provider took too long to answer";
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", message);
}

function cancelled(): ApiError {
  return new ApiError(499, "REQUEST_CANCELLED", "The caller went away");
}

function parse(text: string): object {
  const value = parseAny(text);
  if (typeof value !== "object" || value === null) throw unreadable();
  return value;
}

function parseAny(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable();
  }
}

function unreadable(): ApiError {
  return unusable("The AI provider's answer could not be read");
}

function refuseError(answer: object, headers: Headers, asked: Asked): void {
  const error = findError(answer);
  if (error) throw toInBandFailure(error, headers, asked);
}
