/** Chat completions, whole and streamed. */
import type { ChatCompletion } from "openai/resources";
import type { ApiError } from "../errors.ts";
import { type Fields, toFields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { formatEvent } from "../http/sse.ts";
import type { TokenUsage } from "../token_usage.ts";
import { type Operation, requestAllJson, requestJson, requestStream } from "./call.ts";
import { chatProtocol, readChunk } from "./chat_protocol.ts";
import type { Judge } from "./json_responses.ts";
import { empty, isEmpty, type Protocol } from "./protocol.ts";

/** OpenRouter's completion: OpenAI's, and what OpenRouter adds. */
export type Completion = Omit<ChatCompletion, "choices" | "system_fingerprint" | "usage"> & {
  system_fingerprint?: string | null;
  choices: {
    finish_reason: string | null;
    native_finish_reason?: string | null;
    message: Message;
  }[];
  usage?: TokenUsage;
};

/** A call of a tool that the caller has to run. */
export interface ToolCall {
  /** The id that the tool's result has to name. */
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
  /** Some providers send a list of parts; see `toContentText`. */
  content?: string | { text?: string }[] | null;
  /** The model's reason for not answering. */
  refusal?: string | null;
  /** The text of the reasoning. */
  reasoning?: string | null;
  /** The reasoning in OpenRouter's form, to be sent back unchanged. */
  reasoning_details?: unknown[];
  /** Calls of tools that the caller has to run. */
  tool_calls?: ToolCall[];
  /** OpenAI's first form of a tool call. OpenRouter no longer sends it; other gateways do. */
  function_call?: unknown;
  /** Sources of the answer. */
  annotations?: unknown[];
  /** Images that the model drew. */
  images?: { image_url: { url: string } }[];
  /** Spoken audio. */
  audio?: unknown;
}

/** One chunk of a streamed completion, as far as it is documented. */
export interface Chunk {
  /** The id of the generation, the same in every chunk. */
  id?: string;
  /** The model that answers. */
  model?: string;
  /** The pieces of the answer, one per choice. */
  choices?: { delta?: Fields; finish_reason?: string | null }[];
  /** Tokens and cost, near the end of the stream. */
  usage?: TokenUsage | null;
}

const PATH = "/chat/completions";

/**
 * Requests one whole chat completion.
 *
 * @param params the request body; `stream` is set here.
 * @returns the completion as the gateway sent it. A turn without text is a success, for example
 *   after a tool call; a completion that the model did not generate at all is not.
 * @throws {ApiError} as the docs' table of errors says; 504 past `REQUEST_DEADLINE_MS`.
 * @see https://openrouter.ai/docs/api-reference/chat-completion
 */
export function createCompletion(call: Call, params: Fields): Promise<Completion> {
  return requestJson<Completion>(call, toOperation(params), requireOutput);
}

/**
 * Requests several chat completions, whose cost is reserved at once. After the first failure the
 * others are aborted.
 *
 * @param options.concurrency how many are in flight at a time.
 * @param options.signal aborts all of them.
 * @param options.onEach called after each completion, with the number of completions so far.
 * @returns one completion per body, in their order.
 * @throws {ApiError} as {@link createCompletion}, for the first failure.
 */
export function createCompletions(
  call: Call,
  bodies: Fields[],
  { onEach, ...options }: {
    concurrency: number;
    signal?: AbortSignal;
    onEach?: (count: number) => void;
  },
): Promise<Completion[]> {
  let count = 0;
  const judge: Judge<Completion> = (completion, error) => {
    requireOutput(completion, error);
    onEach?.(++count);
  };
  return requestAllJson<Completion>(call, bodies.map(toOperation), {
    ...options,
    judge: () => judge,
  });
}

function toOperation(params: Fields): Operation {
  return { path: PATH, params: { ...params, stream: false }, protocol: chatProtocol };
}

/**
 * Starts a streamed chat completion and waits for its first event, so that a failure up to there
 * has a status, or is retried unseen.
 *
 * @param params the request body; `stream` is set here, and usage is always requested.
 * @param options.first JSON of an event of our own to send first.
 * @param options.protocol how events are read and errors are written; OpenRouter's unless given.
 * @returns the gateway's bytes, unchanged. A failure after the first byte is one error event at the
 *   end, and no `[DONE]`. Cancelling the source cancels the upstream request.
 * @throws {ApiError} as {@link createCompletion}; 504 past `STREAM_FIRST_EVENT_DEADLINE_MS`.
 */
export function streamCompletion(
  call: Call,
  params: Fields,
  { first, protocol = chatProtocol }: { first?: object; protocol?: Protocol } = {},
): Promise<ByteSource> {
  const preface = first && formatEvent(JSON.stringify(first));
  return requestStream(call, { path: PATH, params: toStreamed(params), protocol }, preface);
}

/** OpenRouter always reports a stream's usage; other servers do when it is requested. */
export function toStreamed(params: Fields): Fields {
  const given = toFields(params.stream_options, "stream_options");
  const stream_options = { ...given, include_usage: true };
  return { ...params, stream: true, stream_options };
}

function requireOutput(completion: Completion, error: ApiError | undefined): void {
  if (error) throw error;
  const { choices } = completion;
  if (!Array.isArray(choices) || !choices.some((choice) => choice?.message)) {
    throw unusable("The AI provider responded without a completion");
  }
  if (isEmpty(readChunk({ ...completion }))) throw empty();
}
