/**
 * The one OpenRouter client: sends, reads, retries and times out every call to the gateway.
 *
 * It takes the OpenAI SDK's types and sends with `fetch`: the SDK's client class costs 394 KB at
 * every cold start, sleeps as long as a `Retry-After` says, and drops what OpenRouter adds.
 */
import type { OpenAI } from "openai";
import type { Stream } from "openai/core/streaming";
import type {
  ChatCompletion,
  ChatCompletionChunk,
  CreateEmbeddingResponse,
} from "openai/resources";
import type { Call } from "./app.ts";
import { type Dialect, guardCompletion, type Usage } from "./completion_stream.ts";
import { ApiError } from "./errors.ts";
import { findError, toHttpFailure, toInBandFailure, unusable } from "./openrouter_failures.ts";
import type { Settings } from "./settings.ts";

export type { Dialect, Usage };

/** Fields of a request as they stand on the wire; unknown ones are OpenRouter's own. */
export type Params = Record<string, unknown>;

/** OpenRouter's completion: OpenAI's, and what it adds. */
export type Completion = Omit<ChatCompletion, "choices" | "usage"> & {
  choices: {
    finish_reason: string | null;
    native_finish_reason?: string | null;
    message: Message;
  }[];
  usage?: Usage;
};

/** A call of a tool that the caller is to run. */
export interface ToolCall {
  id: string;
  type: "function";
  /** `arguments` is JSON as the model wrote it, unchecked. */
  function: { name: string; arguments: string };
}

/** An assistant's message with OpenRouter's additions. */
export interface Message {
  role: "assistant";
  /** Rarely a list of parts; see {@link toText}. */
  content?: string | { text?: string }[] | null;
  refusal?: string | null;
  reasoning?: string | null;
  reasoning_details?: unknown[];
  tool_calls?: ToolCall[];
  annotations?: unknown[];
  images?: { image_url: { url: string } }[];
  audio?: unknown;
}

/** The text of a message, which some providers send in parts; empty where there is none. */
export function toText({ content }: Message): string {
  return Array.isArray(content) ? content.map((part) => part?.text ?? "").join("") : content ?? "";
}

/** The answer of OpenRouter's `/images`. */
export interface ImageList {
  created: number;
  data: { b64_json: string; media_type?: string }[];
  usage?: Usage;
}

/** The answer of OpenRouter's `/embeddings`, floats asked for. */
export type Embeddings = Omit<CreateEmbeddingResponse, "usage"> & { usage?: Usage };

/** Tries after the first one, and the longest `Retry-After` worth waiting for. */
const MAX_RETRIES = 2;
const MAX_RETRY_AFTER_MS = 20_000;
const FIRST_BACKOFF_MS = 500;

/**
 * Asks for one whole chat completion.
 *
 * @param params the request body; `stream` is set here.
 * @returns the completion, never one that failed or is empty: text, a tool call, an image, audio,
 *   reasoning or a refusal is in it, or it ended for want of tokens.
 * @throws {ApiError} as the README's table "Errors" says; 504 past `REQUEST_DEADLINE_MS`.
 * @see https://openrouter.ai/docs/api-reference/chat-completion
 */
export async function createCompletion(call: Call, params: Params): Promise<Completion> {
  const completion = await postJson<Completion>(
    call,
    "/chat/completions",
    { ...params, stream: false },
    requireOutput,
  );
  logUsage(call, completion);
  return completion;
}

/**
 * Starts a streamed chat completion and waits for its first event, so that a failure up to there is
 * an error with a status, or is retried unseen.
 *
 * @param params the request body; `stream` is set here.
 * @param preface events of our own to send first.
 * @returns OpenRouter's bytes, unchanged and flushed as they arrive. A failure after the first byte
 *   is one error event at the end, and no `[DONE]`. Cancelling the stream cancels the call. The log
 *   line is written when the stream ends.
 * @throws {ApiError} as {@link createCompletion}; 504 past `STREAM_FIRST_EVENT_DEADLINE_MS`.
 */
export function streamCompletion(
  call: Call,
  params: Params,
  preface?: Uint8Array,
): Promise<ReadableStream<Uint8Array>> {
  return postStream(call, "/chat/completions", params, { preface });
}

/**
 * Starts a stream of any kind that `options.dialect` can tell as chat completions; for the rest, see
 * {@link streamCompletion}.
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

/** The chunks of a streamed completion; aborting `controller` cancels the upstream call. */
export type CompletionStream = Stream<ChatCompletionChunk & { usage?: Usage | null }>;

/**
 * Starts a streamed chat completion to be read chunk by chunk, for answers in a format of our own.
 *
 * It is believed as OpenAI's SDK believes it: what comes with status 200 is no failure, except for a
 * chunk that cannot be read or holds an error, a stream that breaks off and one that stalls. These
 * are thrown while reading. The log line is written when the stream ends.
 *
 * @throws {ApiError} as {@link streamCompletion}, for failures by status or before any answer.
 */
export async function readCompletion(call: Call, params: Params): Promise<CompletionStream> {
  const { Stream } = await import("openai/core/streaming"); // none but this function is to load it
  const stream = await postStream(call, "/chat/completions", params, { trusting: true });
  const controller = new AbortController();
  // The SDK's own way to cancel waits for the next chunk; a pipe that is aborted does not.
  const body = stream.pipeThrough(new TransformStream(), { signal: controller.signal });
  const silent = {} as OpenAI; // a client without a logger
  return Stream.fromSSEResponse(new Response(body as BodyInit), controller, silent);
}

/** Texts, lists of tokens, or objects of OpenRouter's own that hold images and more. */
export type EmbeddingInput = string | number[] | (string | number[] | object)[];

/**
 * Embeds, as floats: OpenAI's SDK would ask for base64, which not every model honours.
 *
 * @returns OpenRouter's answer, one vector of numbers per input, in the order of the inputs.
 * @throws {ApiError} as {@link createCompletion}; 502 when vectors are missing or empty.
 * @see https://openrouter.ai/docs/api-reference/embeddings
 */
export async function createEmbeddings(
  call: Call,
  params: Params & { input: EmbeddingInput },
): Promise<Embeddings> {
  const { input } = params;
  const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const answer = await postJson<Embeddings>(
    call,
    "/embeddings",
    { ...params, encoding_format: "float" },
    (answer) => requireVectors(answer, count),
  );
  logUsage(call, answer);
  return { ...answer, data: answer.data.toSorted((a, b) => a.index - b.index) };
}

/**
 * Makes images through OpenRouter's own image API, which has options chat models lack.
 *
 * @returns at least one image, base64.
 * @throws {ApiError} as {@link createCompletion}.
 * @see https://openrouter.ai/docs/api-reference/images
 */
export async function createImages(call: Call, params: Params): Promise<ImageList> {
  const answer = await postJson<ImageList>(call, "/images", params, ({ data }) => {
    const images = Array.isArray(data) ? data : [];
    if (images.length === 0 || images.some((image) => !image?.b64_json)) {
      throw unusable("The AI provider answered without an image");
    }
  });
  logUsage(call, answer);
  return answer;
}

/** A list of OpenRouter's models, each with prices and abilities. */
export interface ModelList {
  data: { id: string; [detail: string]: unknown }[];
  [detail: string]: unknown;
}

/**
 * Lists the gateway's models, those that put out images, sound or vectors included.
 *
 * @throws {ApiError} as {@link createCompletion}.
 * @see https://openrouter.ai/docs/api-reference/list-available-models
 */
export function listModels(call: Call): Promise<ModelList> {
  return exchangeJson(call, "/models?output_modalities=all", {
    judge({ data }: ModelList) {
      if (!Array.isArray(data)) throw unusable("The AI provider answered without a list of models");
    },
  });
}

/**
 * Asks the gateway and believes what comes with a status below 300, as OpenAI's SDK does: an error in
 * it is tried again like any other, but in the end it is for the reader to find, and noted in the
 * log. For contracts that took such answers for successes.
 *
 * @param params the body to post; without it the path is fetched.
 * @returns the JSON value, text where the answer says it is no JSON, null where it has no content.
 * @throws {ApiError} as {@link createCompletion}, but for what is judged by more than the status.
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

/** The sum of what several calls used. */
export function addUsage(usages: (Usage | undefined)[]): Usage {
  const sum = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 };
  for (const usage of usages) {
    for (const field of Object.keys(sum) as (keyof typeof sum)[]) sum[field] += usage?.[field] ?? 0;
  }
  return sum;
}

/**
 * Posts, reads the answer as JSON and has it judged: by what it says of itself, then by `judge`.
 *
 * @throws {ApiError} as {@link createCompletion}, and what `judge` throws.
 */
export function postJson<T>(
  call: Call,
  path: string,
  params: Params,
  judge: (answer: T) => void,
): Promise<T> {
  return exchangeJson(call, path, { body: JSON.stringify(params), judge });
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

function requireOutput({ choices }: Completion): void {
  const choice = choices?.[0];
  if (!choice?.message) throw unusable("The AI provider answered without a completion");
  const { refusal, reasoning, tool_calls, images, audio } = choice.message;
  const empty = !toText(choice.message) && !refusal && !reasoning && !tool_calls?.length &&
    !images?.length &&
    !audio;
  if (empty && choice.finish_reason !== "length" && choice.finish_reason !== "content_filter") {
    throw unusable("The AI provider's answer was empty", { retryable: true });
  }
}

function requireVectors({ data }: Embeddings, count: number): void {
  const vectors = Array.isArray(data) ? data.map((item) => item?.embedding) : [];
  const complete = vectors.length === count &&
    vectors.every((vector) =>
      Array.isArray(vector) && vector.length > 0 && vector.every(Number.isFinite)
    );
  if (!complete) throw unusable(`The AI provider did not answer with ${count} vectors of numbers`);
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
