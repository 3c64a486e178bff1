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
import type { AiClient, ChatMessage, ChatOptions, ContentPart, StreamPart } from "./mod.ts";

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

/** Fields of every request; `slug` names a function of one's own instead of `stream`. */
export interface ChatTransportOptions extends ChatOptions {
  /** A function that responds like `stream`. */
  slug?: string | undefined;
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
  { slug = "stream", ...request }: ChatTransportOptions = {},
): AiChatTransport {
  return {
    sendMessages({ messages, abortSignal: signal, body }) {
      const full = { ...request, ...body, messages: messages.flatMap(toChatMessages) };
      const parts = slug === "stream"
        ? ai.stream(full, { signal })
        : ai.streamFrom(slug, full, { signal });
      return Promise.resolve(toStream(toChunks(parts as AsyncGenerator<StreamPart, void>)));
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
  return steps.filter((step) => step.length > 0).flatMap(toStepMessages);
}

function toStepMessages(step: UiMessagePart[]): ChatMessage[] {
  const calls = step.filter(({ toolCallId, input }) => toolCallId && input !== undefined);
  const details = step.flatMap(({ providerMetadata }) =>
    providerMetadata?.openrouter?.reasoning_details ?? []
  );
  const content = step.filter(({ type }) => type === "text").map(({ text }) => text).join("");
  const message: ChatMessage = {
    role: "assistant",
    content: content || null,
    ...calls.length > 0 && {
      tool_calls: calls.map(({ toolCallId, input, ...part }) => ({
        id: toolCallId,
        type: "function",
        function: { name: toToolName(part as UiMessagePart), arguments: JSON.stringify(input) },
      })),
    },
    ...details.length > 0 && { reasoning_details: details },
  };
  const results = calls.map(({ toolCallId, output, errorText }): ChatMessage => ({
    role: "tool",
    tool_call_id: toolCallId,
    content: typeof output === "string" ? output : JSON.stringify(output ?? errorText ?? null),
  }));
  return content || calls.length > 0 ? [message, ...results] : [];
}

function toToolName({ type, toolName }: UiMessagePart): string {
  return toolName ?? type.replace(/^tool-/, "");
}

function toContentParts({ type, text, url, mediaType, filename }: UiMessagePart): ContentPart[] {
  if (type === "text") return [{ type, text }];
  if (type !== "file") return [];
  return mediaType.startsWith("image")
    ? [{ type: "image_url", image_url: { url } }]
    : [{ type, file: { filename, file_data: url } }];
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
      case "image": {
        const mediaType = /^data:([^;,]+)/.exec(part.url)?.[1] ?? "image/png";
        yield { type: "file", url: part.url, mediaType };
        break;
      }
      case "annotation": {
        const { url, title } = Object(Object(part.annotation).url_citation);
        if (url) yield { type: "source-url", sourceId: String(++count), url, title };
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
      case "error": {
        const { message, nextActions } = part.error;
        yield { type: "error", errorText: nextActions ? `${message}. ${nextActions}` : message };
      }
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
