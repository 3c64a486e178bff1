/**
 * One exchange with OpenRouter: sent, retried, timed out, cancelled, read and judged.
 *
 * It sends with `fetch`: the OpenAI SDK's client class costs 394 KB at every cold start, sleeps as
 * long as a `Retry-After` says, and drops what OpenRouter adds.
 */
import type { Call } from "./app.ts";
import { type Dialect, guardCompletion, type Usage } from "./completion_stream.ts";
import { ApiError } from "./errors.ts";
import { findError, toHttpFailure, toInBandFailure, unusable } from "./openrouter_failures.ts";
import type { Settings } from "./settings.ts";

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
export function postJson<T>(
  call: Call,
  path: string,
  params: Params,
  judge: (answer: T) => void,
): Promise<T> {
  return exchangeJson(call, path, { body: JSON.stringify(params), judge });
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
  const { settings, log } = call;
  const body = JSON.stringify({ ...params, stream: true });
  const stream = await withRetries(
    call,
    settings.STREAM_FIRST_EVENT_DEADLINE_MS,
    async (signal) => {
      const response = await send(settings, path, { body, signal });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!isStream && !options.trusting) {
        // A plain answer to a streamed request is an error with status 200, if it is OpenRouter's.
        refuseError(parse(await readText(response, signal)), response.headers);
        throw unusable("The AI provider answered without a stream");
      }
      log.generation_id ??= response.headers.get("x-generation-id") ?? undefined;
      return await guardCompletion(response, {
        ...options,
        idleMs: settings.STREAM_IDLE_WATCHDOG_MS,
        onFirst: ({ id, model }) => logUsage(call, { id, model }),
        onEnd: (outcome, usage) => {
          logUsage(call, { usage });
          log.stream = outcome;
          call.writeLog();
        },
      });
    },
  );
  call.holdLog();
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
  const body = params && JSON.stringify(params);
  let answer: unknown;
  try {
    await withRetries(call, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
      answer = undefined;
      const response = await send(call.settings, path, { body, signal });
      const text = await readText(response, signal);
      const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
      answer = response.status === 204 ? null : isJson ? parseAny(text) : text;
      call.log.generation_id ??= response.headers.get("x-generation-id") ?? undefined;
      if (typeof answer === "object" && answer) refuseError(answer, response.headers);
    });
  } catch (thrown) {
    if (answer === undefined) throw thrown;
    call.log.failure = (thrown as ApiError).code;
  }
  if (typeof answer === "object" && answer) logUsage(call, answer);
  return answer;
}

/** Adds one call's model, tokens and cost to the request's log line. */
export function logUsage(
  { log }: Call,
  { id, model, usage }: { id?: string; model?: string; usage?: Usage | null },
): void {
  log.model ??= model;
  log.generation_id ??= id;
  if (!usage) return;
  log.prompt_tokens = (log.prompt_tokens ?? 0) + (usage.prompt_tokens ?? 0);
  log.completion_tokens = (log.completion_tokens ?? 0) + (usage.completion_tokens ?? 0);
  log.cost = (log.cost ?? 0) + (usage.cost ?? 0);
}

/** Fetches a path and reads the answer as {@link postJson} does. */
export function getJson<T>(call: Call, path: string, judge: (answer: T) => void): Promise<T> {
  return exchangeJson(call, path, { judge });
}

function exchangeJson<T>(
  call: Call,
  path: string,
  { body, judge }: { body?: string; judge: (answer: T) => void },
): Promise<T> {
  return withRetries(call, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
    const response = await send(call.settings, path, { body, signal });
    const answer = parse(await readText(response, signal));
    refuseError(answer, response.headers);
    judge(answer as T);
    call.log.generation_id ??= response.headers.get("x-generation-id") ?? undefined;
    return answer as T;
  });
}

/** One request, judged by its status alone; what it returns is below 300 and unread. */
async function send(
  settings: Settings,
  path: string,
  { body, signal }: { body?: string; signal: AbortSignal },
): Promise<Response> {
  const { OPENROUTER_API_KEY, OPENROUTER_SITE_URL, OPENROUTER_APP_NAME } = settings;
  if (!OPENROUTER_API_KEY) {
    throw new ApiError(
      500,
      "AI_INVALID_API_KEY",
      "The setting OPENROUTER_API_KEY is missing; it must be the project's OpenRouter key",
    );
  }
  const headers: Record<string, string> = {
    "Authorization": `Bearer ${OPENROUTER_API_KEY}`,
    "Content-Type": "application/json",
  };
  if (OPENROUTER_SITE_URL) headers["HTTP-Referer"] = OPENROUTER_SITE_URL;
  if (OPENROUTER_APP_NAME) {
    headers["X-OpenRouter-Title"] = OPENROUTER_APP_NAME;
    headers["X-Title"] = OPENROUTER_APP_NAME; // its older name, which other gateways still read
  }
  const url = settings.OPENROUTER_BASE_URL + path;
  let response: Response;
  try {
    const method = body === undefined ? "GET" : "POST";
    response = await fetch(url, { method, headers, body, signal, redirect: "manual" });
  } catch (cause) {
    throw toNetworkFailure(cause, signal, { retryable: true });
  }
  if (response.status < 300) return response;
  throw toHttpFailure(response.status, await readText(response, signal), response.headers);
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
        if (!(thrown instanceof ApiError) || !thrown.retryable || retries === MAX_RETRIES) {
          throw thrown;
        }
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

function refuseError(answer: object, headers: Headers): void {
  const error = findError(answer);
  if (error) throw toInBandFailure(error, headers);
}
