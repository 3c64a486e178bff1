/**
 * The one OpenRouter client: completions, streams, embeddings, images and models, each judged before
 * anybody sees it. It takes the OpenAI SDK's types and its stream decoder; the rest is
 * `openrouter_transport.ts`.
 */
import type { OpenAI } from "openai";
import type { Stream } from "openai/core/streaming";
import type {
  ChatCompletion,
  ChatCompletionChunk,
  CreateEmbeddingResponse,
} from "openai/resources";
import type { Call } from "../http/call.ts";
import type { ApiError } from "../errors.ts";
import { unusable } from "../gateway/failures.ts";
import { getJson, postJson, postStream } from "./call.ts";
import type { Fields } from "../fields.ts";
import type { TokenUsage } from "../token_usage.ts";

/** OpenRouter's completion: OpenAI's, and what it adds. */
export type Completion = Omit<ChatCompletion, "choices" | "system_fingerprint" | "usage"> & {
  system_fingerprint?: string | null;
  choices: {
    finish_reason: string | null;
    native_finish_reason?: string | null;
    message: Message;
  }[];
  usage?: TokenUsage;
};

/** A call of a tool that the caller is to run. */
export interface ToolCall {
  /** Id that the result has to name. */
  id: string;
  /** Always `function`. */
  type: "function";
  /** `arguments` is JSON as the model wrote it, unchecked. */
  function: { name: string; arguments: string };
}

/** An assistant's message with OpenRouter's additions. */
export interface Message {
  /** Always `assistant`. */
  role: "assistant";
  /** Rarely a list of parts; see {@link toText}. */
  content?: string | { text?: string }[] | null;
  /** The model's reason for not answering. */
  refusal?: string | null;
  /** The text of the reasoning. */
  reasoning?: string | null;
  /** The reasoning in OpenRouter's form, to be sent back unchanged. */
  reasoning_details?: unknown[];
  /** Calls of tools that the caller has to run. */
  tool_calls?: ToolCall[];
  /** OpenAI's first form of a tool call; OpenRouter has it no more, other gateways do. */
  function_call?: unknown;
  /** Sources of the answer. */
  annotations?: unknown[];
  /** Images that the model drew. */
  images?: { image_url: { url: string } }[];
  /** Spoken audio. */
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
  usage?: TokenUsage;
}

/** The answer of OpenRouter's `/embeddings`, floats asked for. */
export type Embeddings = Omit<CreateEmbeddingResponse, "usage"> & { usage?: Partial<TokenUsage> };

/**
 * Asks for one whole chat completion.
 *
 * @param params the request body; `stream` is set here.
 * @returns the completion, never one that failed or is empty: text, a tool call, an image, audio,
 *   reasoning or a refusal is in it, or it ended for want of tokens.
 * @throws {ApiError} as the table of errors in docs/troubleshooting.md says; 504 past `REQUEST_DEADLINE_MS`.
 * @see https://openrouter.ai/docs/api-reference/chat-completion
 */
export async function createCompletion(call: Call, params: Fields): Promise<Completion> {
  const body = { ...params, stream: false };
  return await postJson<Completion>(call, "/chat/completions", body, requireOutput);
}

/**
 * Starts a streamed chat completion and waits for its first event, so that a failure up to there is
 * an error with a status, or is retried unseen.
 *
 * @param params the request body; `stream` is set here.
 * @param options.preface events of our own to send first.
 * @param options.toErrorEvent the JSON of the event that ends a failed stream.
 * @returns OpenRouter's bytes, unchanged and flushed as they arrive. A failure after the first byte
 *   is one error event at the end, and no `[DONE]`. Cancelling the stream cancels the call. The log
 *   line is written when the stream ends.
 * @throws {ApiError} as {@link createCompletion}; 504 past `STREAM_FIRST_EVENT_DEADLINE_MS`.
 */
export function streamCompletion(
  call: Call,
  params: Fields,
  options: { preface?: Uint8Array; toErrorEvent?: (error: ApiError) => string } = {},
): Promise<ReadableStream<Uint8Array>> {
  return postStream(call, "/chat/completions", params, options);
}

/** The chunks of a streamed completion; aborting `controller` cancels the upstream call. */
export type CompletionStream = Stream<ChatCompletionChunk & { usage?: TokenUsage | null }>;

/**
 * Starts a streamed chat completion to be read chunk by chunk, for answers in a format of our own.
 *
 * It is believed as OpenAI's SDK believes it: what comes with status 200 is no failure, except for a
 * chunk that cannot be read or holds an error, a stream that breaks off and one that stalls. These
 * are thrown while reading. The log line is written when the stream ends.
 *
 * @throws {ApiError} as {@link streamCompletion}, for failures by status or before any answer.
 */
export async function readCompletion(call: Call, params: Fields): Promise<CompletionStream> {
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
  params: Fields & { input: EmbeddingInput },
): Promise<Embeddings> {
  const { input } = params;
  const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const answer = await postJson<Embeddings>(
    call,
    "/embeddings",
    { ...params, encoding_format: "float" },
    (answer) => requireVectors(answer, count),
  );
  return { ...answer, data: answer.data.toSorted((a, b) => a.index - b.index) };
}

/**
 * Makes images through OpenRouter's own image API, which has options chat models lack.
 *
 * @returns at least one image, base64.
 * @throws {ApiError} as {@link createCompletion}.
 * @see https://openrouter.ai/docs/api-reference/images
 */
export async function createImages(call: Call, params: Fields): Promise<ImageList> {
  return await postJson<ImageList>(call, "/images", params, ({ data }) => {
    const images = Array.isArray(data) ? data : [];
    if (images.length === 0 || images.some((image) => !image?.b64_json)) {
      throw unusable("The AI provider answered without an image");
    }
  });
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
  return getJson<ModelList>(call, "/models?output_modalities=all", ({ data }) => {
    if (!Array.isArray(data)) throw unusable("The AI provider answered without a list of models");
  });
}

function requireOutput({ choices }: Completion): void {
  const choice = choices?.[0];
  if (!choice?.message) throw unusable("The AI provider answered without a completion");
  const { refusal, reasoning, tool_calls, function_call, images, audio } = choice.message;
  const empty = !toText(choice.message) && !refusal && !reasoning && !tool_calls?.length &&
    !function_call && !images?.length && !audio;
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
