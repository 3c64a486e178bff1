/**
 * Connects the AI SDK's `useChat`, and every chat UI built on it, with the functions.
 *
 * @example
 * ```ts
 * const transport = createChatTransport(ai, { model: "openai/gpt-4o-mini" });
 * // const { messages, sendMessage, stop } = useChat({ transport });
 * ```
 *
 * @module
 */
import {
  type ChatTransportOptions,
  streamParts,
  toErrorText,
  toFilePart,
  toMediaType,
  toSource,
  toStepMessages,
} from "./chat_ui.ts";
import type { AiClient, ChatMessage, ContentPart, StreamPart } from "./mod.ts";

export type { ChatTransportOptions } from "./chat_ui.ts";

/** The parts of a UI message of the AI SDK that are sent to the model. */
export interface UiMessagePart {
  /** Such as `text`, `reasoning`, `file`, `step-start` or `tool-<name>`. */
  type: string;
  /** Further fields, which depend on the type. */
  // deno-lint-ignore no-explicit-any
  [field: string]: any;
}

/** A message of the AI SDK's UI, as far as it is read here. */
export interface UiMessage {
  /** Who wrote the message. */
  role: "system" | "user" | "assistant";
  /** What the message consists of. */
  parts: readonly UiMessagePart[];
}

/** The chunks of the AI SDK's UI message stream that are written here. */
export type UiMessageChunk =
  | { type: "start" | "start-step" | "finish-step" }
  | { type: "text-start" | "text-end" | "reasoning-start"; id: string }
  | { type: "text-delta" | "reasoning-delta"; id: string; delta: string }
  | {
    type: "reasoning-end";
    id: string;
    // deno-lint-ignore no-explicit-any
    providerMetadata: { openrouter: any };
  }
  | { type: "file"; url: string; mediaType: string }
  | { type: "source-url"; sourceId: string; url: string; title?: string }
  | { type: "tool-input-available"; toolCallId: string; toolName: string; input: unknown }
  | {
    type: "tool-input-error";
    toolCallId: string;
    toolName: string;
    input: unknown;
    errorText: string;
  }
  | { type: "finish"; finishReason: FinishReason; messageMetadata: unknown }
  | { type: "error"; errorText: string };

/** Why the model stopped, in the AI SDK's words. */
export type FinishReason = "stop" | "length" | "content-filter" | "tool-calls" | "other";

/** A `ChatTransport` of the AI SDK, versions 5 to 7. */
export interface AiChatTransport {
  /** Sends the conversation and returns the answer as a UI message stream. */
  sendMessages(options: {
    messages: readonly UiMessage[];
    abortSignal?: AbortSignal | undefined;
    body?: object | undefined;
  }): Promise<ReadableStream<UiMessageChunk>>;
  /** Always null: an answer cannot be resumed after its connection was closed. */
  reconnectToStream(): Promise<null>;
}

/**
 * Creates a transport for `useChat`. The `body` of `sendMessage` is added to the request.
 *
 * Usage, model and generation id of an answer are in the message's `metadata`.
 *
 * @param options are sent with every request, such as `model` and `tools`.
 *
 * @example
 * ```ts
 * const transport = createChatTransport(ai, { temperature: 0 });
 * const messages: UiMessage[] = [{ role: "user", parts: [{ type: "text", text: "Hello" }] }];
 * const stream = await transport.sendMessages({ messages });
 * await stream.pipeTo(new WritableStream({ write: ({ type }) => console.log(type) }));
 * ```
 */
export function createChatTransport(
  ai: AiClient,
  options: ChatTransportOptions = {},
): AiChatTransport {
  return {
    sendMessages({ messages, abortSignal: signal, body }) {
      const request = { ...body, messages: messages.flatMap(toChatMessages) };
      return Promise.resolve(toStream(toChunks(streamParts(ai, options, { request, signal }))));
    },
    reconnectToStream: () => Promise.resolve(null),
  };
}

/** A UI message holds several steps; each is a message, followed by the results of its tools. */
function toChatMessages({ role, parts }: UiMessage): ChatMessage[] {
  if (role !== "assistant") {
    return [{ role, content: parts.flatMap(toContentParts) }];
  }
  const steps: UiMessagePart[][] = [[]];
  for (const part of parts) {
    if (part.type === "step-start") steps.push([]);
    else steps.at(-1)!.push(part);
  }
  return steps.flatMap((step) =>
    toStepMessages({
      text: step.filter(({ type }) => type === "text").map(({ text }) => text).join(""),
      details: step.flatMap(({ providerMetadata }) =>
        providerMetadata?.openrouter?.reasoning_details ?? []
      ),
      calls: step.filter(({ toolCallId, input }) => toolCallId && input !== undefined).map(
        ({ type, toolCallId, toolName, input, output, errorText }) => ({
          id: toolCallId,
          name: toolName ?? type.replace(/^tool-/, ""),
          arguments: JSON.stringify(input),
          result: output ?? errorText,
        }),
      ),
    })
  );
}

function toContentParts({ type, text, url, mediaType, filename }: UiMessagePart): ContentPart[] {
  if (type === "text") return [{ type, text }];
  return type === "file" ? [toFilePart(url, mediaType, filename)] : [];
}

/** Unlike `ReadableStream.from`, works in all browsers. */
function toStream(chunks: AsyncGenerator<UiMessageChunk, void>): ReadableStream<UiMessageChunk> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function* toChunks(
  parts: AsyncIterable<StreamPart>,
): AsyncGenerator<UiMessageChunk, void> {
  let open: "text" | "reasoning" | undefined;
  let count = 0;
  let usage: unknown;
  let details: unknown[] = [];
  function* close(): Generator<UiMessageChunk> {
    const id = String(count);
    if (open === "text") yield { type: "text-end", id };
    if (open === "reasoning") {
      const providerMetadata = { openrouter: { reasoning_details: details } };
      yield { type: "reasoning-end", id, providerMetadata };
      details = [];
    }
    open = undefined;
  }

  yield* [{ type: "start" }, { type: "start-step" }];
  for await (const part of parts) {
    const kind = part.type === "refusal" ? "text" : part.type;
    if (kind !== open) yield* close();
    switch (part.type) {
      case "text":
      case "refusal":
      case "reasoning":
        if (open === undefined) {
          open = kind as "text" | "reasoning";
          yield { type: `${open}-start`, id: String(++count) };
        }
        if (part.type === "reasoning") details.push(...part.details ?? []);
        if (part.text) yield { type: `${open}-delta`, id: String(count), delta: part.text };
        break;
      case "image":
        yield { type: "file", url: part.url, mediaType: toMediaType(part.url) };
        break;
      case "annotation": {
        const source = toSource(part.annotation);
        if (source) yield { type: "source-url", sourceId: String(++count), ...source };
        break;
      }
      case "tool-call":
        yield toToolChunk(part);
        break;
      case "usage":
        usage = part.usage;
        break;
      case "finish": {
        const { reason, id, model } = part;
        const finishReason = FINISH_REASONS[reason] ?? "other";
        yield { type: "finish-step" };
        yield { type: "finish", finishReason, messageMetadata: { usage, model, id } };
        break;
      }
      case "error":
        yield { type: "error", errorText: toErrorText(part.error) };
    }
  }
}

const FINISH_REASONS: Record<string, FinishReason> = {
  stop: "stop",
  length: "length",
  content_filter: "content-filter",
  tool_calls: "tool-calls",
};

function toToolChunk(call: Extract<StreamPart, { type: "tool-call" }>): UiMessageChunk {
  const { id: toolCallId, name: toolName, arguments: text } = call;
  try {
    return { type: "tool-input-available", toolCallId, toolName, input: JSON.parse(text) };
  } catch {
    const errorText = "The arguments are not JSON";
    return { type: "tool-input-error", toolCallId, toolName, input: text, errorText };
  }
}
