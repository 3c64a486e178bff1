/**
 * Calls of OpenRouter, or the gateway in its place: retried, timed out, cancelled, charged and judged.
 */
import type { Call } from "../http/call.ts";
import { eventStream } from "../http/event_stream.ts";
import { type Answered } from "../ledger/bill.ts";
import type { Dialect } from "./completion_events.ts";
import { guardCompletion } from "./stream_guard.ts";
import { ApiError } from "../errors.ts";
import {
  type Exchange,
  openExchange,
  readAnswer,
  readGenerationId,
  requireAnswer,
  send,
} from "./send.ts";
import { unusable } from "../gateway/failures.ts";
import { withRetries } from "./retries.ts";
import { RESERVATION_MS } from "../ledger/store.ts";
import { type Fields, toFields } from "../fields.ts";
import { readTokenUsage } from "../token_usage.ts";

/**
 * Posts, reads the answer as JSON and has it judged: by what it says of itself, then by `judge`.
 *
 * @throws {ApiError} as the table of errors in docs/troubleshooting.md says; 504 past `REQUEST_DEADLINE_MS`; what
 *   `judge` throws.
 */
export function postJson<T>(
  call: Call,
  path: string,
  params: Fields,
  judge: (answer: T) => void,
): Promise<T> {
  return requestJson(call, path, params, judge);
}

/** Fetches a path, which costs nothing, and reads the answer as {@link postJson} does. */
export function getJson<T>(call: Call, path: string, judge: (answer: T) => void): Promise<T> {
  return requestJson(call, path, undefined, judge);
}

async function requestJson<T>(
  call: Call,
  path: string,
  params: Fields | undefined,
  judge: (answer: T) => void,
): Promise<T> {
  const exchange = await openExchange(call, path, params);
  return await tryOut(call, exchange, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
    const response = await send(exchange, signal);
    const answer = await readAnswer(exchange, response, signal);
    requireAnswer(exchange, answer, response);
    judge(answer as T);
    return answer as T;
  });
}

interface StreamOptions {
  preface?: Uint8Array;
  dialect?: Dialect;
  trusting?: boolean;
  /** The JSON of the event that ends a failed stream, unless the dialect has one of its own. */
  toErrorEvent?: (error: ApiError) => string;
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
  params: Fields,
  options: StreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { settings } = call;
  const exchange = await openExchange(call, path, toStreamed(path, params));
  const stream = await tryOut(
    call,
    exchange,
    settings.STREAM_FIRST_EVENT_DEADLINE_MS,
    async (signal) => {
      const response = await send(exchange, signal);
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!isStream && !options.trusting) {
        // A plain answer to a streamed request is an error with status 200, if it is OpenRouter's.
        requireAnswer(exchange, await readAnswer(exchange, response, signal), response);
        throw unusable("The AI provider answered without a stream");
      }
      return await guardStream(call, exchange, response, options);
    },
  );
  const reader = stream.getReader();
  return eventStream(call, {
    read: async () => (await reader.read()).value,
    cancel: () => reader.cancel(),
  }).body!;
}

/** OpenRouter always says what a stream used; other servers do where they are asked to. */
function toStreamed(path: string, params: Fields): Fields {
  if (path !== "/chat/completions") return { ...params, stream: true };
  const given = toFields(params.stream_options, "stream_options");
  const stream_options = { ...given, include_usage: true };
  return { ...params, stream: true, stream_options };
}

/** The guarded stream. Whatever becomes of it is charged; once it is open, its end ends the call. */
async function guardStream(
  call: Call,
  { gateway, bill, key }: Exchange,
  response: Response,
  options: StreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const about: Answered = { id: readGenerationId(response) };
  let isOpen = false;
  const stream = await guardCompletion(response, {
    ...options,
    gateway,
    toFailure: key ? toOwnKeyFailure : undefined,
    idleMs: call.settings.STREAM_IDLE_WATCHDOG_MS,
    lastsMs: RESERVATION_MS - call.elapsedMs(),
    onFirst({ id, model }) {
      about.id ??= id;
      about.model = model;
      call.log.model ??= model;
      call.log.generation_id ??= about.id;
    },
    onEnd(outcome, tokens, usage) {
      const isPart = outcome !== "complete";
      // A whole answer without an event is one that was no stream.
      const completionTokens = isPart ? tokens : tokens || undefined;
      if (readTokenUsage(usage) || tokens !== undefined) {
        bill?.charge({ ...about, usage }, { completionTokens, isPart });
      }
      if (isOpen) call.log.stream = outcome;
      return Promise.resolve();
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
  params?: Fields,
): Promise<unknown> {
  const exchange = await openExchange(call, path, params);
  let answer: unknown;
  try {
    await tryOut(call, exchange, call.settings.REQUEST_DEADLINE_MS, async (signal) => {
      answer = undefined;
      const response = await send(exchange, signal);
      answer = await readAnswer(exchange, response, signal, { orText: true });
      if (typeof answer === "object" && answer) requireAnswer(exchange, answer, response);
    });
  } catch (thrown) {
    if (answer === undefined) throw thrown;
    call.log.failure = (thrown as ApiError).code;
  }
  return answer;
}

/** Tries an exchange out, until `deadlineMs` after the request came in. */
async function tryOut<T>(
  call: Call,
  { key }: Exchange,
  deadlineMs: number,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withRetries(call, deadlineMs, attempt);
  } catch (thrown) {
    throw key && thrown instanceof ApiError ? toOwnKeyFailure(thrown) : thrown;
  }
}

/** For the user it is theirs to mend, where the project's key would be nobody's business. */
function toOwnKeyFailure(cause: ApiError): ApiError {
  switch (cause.code) {
    case "AI_INVALID_API_KEY":
      return new ApiError(
        403,
        cause.code,
        "OpenRouter no longer takes the key of the account you connected",
        { nextActions: "Connect your OpenRouter account again", cause },
      );
    case "BILLING_INSUFFICIENT_BALANCE":
      return new ApiError(
        402,
        cause.code,
        "The OpenRouter account you connected, or its key's limit, does not cover the request",
        {
          ...cause,
          nextActions: "Add credits to your account, raise the key's limit, or ask for less",
          cause,
        },
      );
    default:
      return cause;
  }
}
