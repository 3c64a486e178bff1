/**
 * Connects TanStack AI with the functions.
 *
 * @example
 * ```ts
 * const connection = createChatConnection(ai, { model: "openai/gpt-4o-mini" });
 * // const { messages, sendMessage, stop } = useChat({ connection });
 * ```
 *
 * @module
 */
import {
  type ChatTransportOptions,
  type Step,
  streamParts,
  toErrorText,
  toFilePart,
  toMediaType,
  toSource,
  toStepMessages,
} from "./chat_ui.ts";
import type { AiClient, ChatMessage, ContentPart, StreamPart, TokenUsage, Tool } from "./mod.ts";

export type { ChatTransportOptions } from "./chat_ui.ts";

/** A message of TanStack AI, as far as it is read here. */
export interface TanStackMessage {
  /** Who wrote the message. */
  readonly role: string;
  /** What the message consists of. */
  // deno-lint-ignore no-explicit-any
  readonly parts?: readonly any[];
}

/** What TanStack AI knows about one run. */
export interface RunContext {
  /** The conversation. */
  threadId: string;
  /** The run; every event of the answer belongs to it. */
  runId: string;
  /** The tools that run in the browser. */
  clientTools?: { name: string; description: string; parameters: unknown }[];
}

/**
 * The events of an answer: AG-UI's, as TanStack AI reads them. A file that the model generated and a
 * source that it cites are `CUSTOM` events, which reach `onCustomEvent` of `useChat`.
 */
// deno-lint-ignore no-explicit-any
export type ConnectionEvent = any;

/** A connection of TanStack AI. */
export interface AiChatConnection {
  /** Sends the conversation and returns the events of the answer. */
  connect(
    // deno-lint-ignore no-explicit-any
    messages: readonly any[],
    // deno-lint-ignore no-explicit-any
    data?: Record<string, any>,
    abortSignal?: AbortSignal,
    runContext?: RunContext,
  ): AsyncGenerator<ConnectionEvent, void>;
}

/**
 * Creates a connection for `useChat`. The `body` of the chat is added to the request, and so are the
 * tools that run in the browser.
 *
 * @param options are sent with every request, such as `model` and `tools`.
 *
 * @example
 * ```ts
 * const connection = createChatConnection(ai, { temperature: 0 });
 * const messages = [{ role: "user", parts: [{ type: "text", content: "Hello" }] }];
 * for await (const event of connection.connect(messages)) console.log(event.type);
 * ```
 */
export function createChatConnection(
  ai: AiClient,
  options: ChatTransportOptions = {},
): AiChatConnection {
  return {
    async *connect(messages, data, signal, context) {
      const tools = [...options.tools ?? [], ...context?.clientTools?.map(toTool) ?? []];
      const request = {
        ...data,
        messages: messages.flatMap(toChatMessages),
        ...tools.length > 0 && { tools },
      };
      const { threadId = "chat", runId = crypto.randomUUID() } = context ?? {};
      yield { type: "RUN_STARTED", threadId, runId };
      yield* toEvents(streamParts(ai, options, { request, signal }), { threadId, runId });
    },
  };
}

async function* toEvents(
  parts: AsyncIterable<StreamPart>,
  run: { threadId: string; runId: string },
): AsyncGenerator<ConnectionEvent, void> {
  const messageId = crypto.randomUUID();
  const started = { text: false, reasoning: false };
  const details: unknown[] = [];
  let usage: TokenUsage | undefined;
  for await (const part of parts) {
    switch (part.type) {
      case "text":
      case "refusal":
        if (!started.text) yield { type: "TEXT_MESSAGE_START", messageId, role: "assistant" };
        started.text = true;
        yield { type: "TEXT_MESSAGE_CONTENT", messageId, delta: part.text };
        break;
      case "reasoning":
        if (!started.reasoning) yield { type: "REASONING_START", messageId };
        started.reasoning = true;
        yield { type: "REASONING_MESSAGE_CONTENT", messageId, delta: part.text };
        details.push(...part.details ?? []);
        break;
      case "image": {
        const value = { url: part.url, mediaType: toMediaType(part.url) };
        yield { type: "CUSTOM", name: "file", value };
        break;
      }
      case "annotation": {
        const value = toSource(part.annotation);
        if (value) yield { type: "CUSTOM", name: "source", value };
        break;
      }
      case "tool-call":
        yield* toToolEvents(part, messageId);
        break;
      case "usage":
        usage = part.usage;
        break;
      case "finish": {
        if (details.length > 0) {
          // A signature is the one field of a thinking part that TanStack AI keeps as it is.
          const encryptedValue = JSON.stringify(details);
          const subtype = "message";
          yield { type: "REASONING_ENCRYPTED_VALUE", subtype, entityId: messageId, encryptedValue };
        }
        if (started.text) yield { type: "TEXT_MESSAGE_END", messageId };
        const finishReason = REASONS.includes(part.reason) ? part.reason : "stop";
        const { model } = part;
        yield { type: "RUN_FINISHED", ...run, finishReason, model, usage: usage && toUsage(usage) };
        break;
      }
      case "error": {
        const message = toErrorText(part.error);
        yield { type: "RUN_ERROR", ...run, message, code: part.error.code };
      }
    }
  }
}

const REASONS = ["stop", "length", "content_filter", "tool_calls"];

function* toToolEvents(
  call: Extract<StreamPart, { type: "tool-call" }>,
  parentMessageId: string,
): Generator<ConnectionEvent> {
  const { id: toolCallId, name: toolCallName, arguments: delta } = call;
  yield { type: "TOOL_CALL_START", toolCallId, toolCallName, parentMessageId };
  yield { type: "TOOL_CALL_ARGS", toolCallId, delta };
  yield { type: "TOOL_CALL_END", toolCallId };
  try {
    const input = JSON.parse(delta);
    // Makes TanStack AI run the tool in the browser.
    yield {
      type: "CUSTOM",
      name: "tool-input-available",
      value: { toolCallId, toolName: toolCallName, input },
    };
  } catch {
    // Arguments that are not JSON stay in the message; the tool does not run.
  }
}

function toUsage({ prompt_tokens, completion_tokens, total_tokens, cost }: TokenUsage): object {
  return {
    promptTokens: prompt_tokens,
    completionTokens: completion_tokens,
    totalTokens: total_tokens,
    cost,
  };
}

function toTool({ name, description, parameters }: {
  name: string;
  description: string;
  parameters: unknown;
}): Tool {
  return { type: "function", function: { name, description, parameters: Object(parameters) } };
}

function toChatMessages({ role, parts = [] }: TanStackMessage): ChatMessage[] {
  if (role === "assistant") return toSteps(parts).flatMap(toStepMessages);
  return [{ role: role as "user", content: parts.flatMap(toContentParts) }];
}

/** A message holds all steps of an answer; the next one begins after the results of tools. */
// deno-lint-ignore no-explicit-any
function toSteps(parts: readonly any[]): Step[] {
  const results = new Map(
    parts.filter(({ type }) => type === "tool-result").map((part) => [part.toolCallId, part]),
  );
  const steps: Step[] = [];
  let step: Step | undefined;
  for (const { type, content, signature, id, name, arguments: json, output } of parts) {
    if (type === "tool-result") continue;
    if (!step || (step.calls.length > 0 && type !== "tool-call")) {
      steps.push(step = { text: "", details: [], calls: [] });
    }
    if (type === "text") step.text += content;
    if (type === "thinking") step.details.push(...parseDetails(signature));
    const result = results.get(id)?.content ?? output;
    if (type === "tool-call" && result !== undefined) {
      step.calls.push({ id, name, arguments: json, result });
    }
  }
  return steps;
}

function parseDetails(signature = "[]"): unknown[] {
  try {
    return JSON.parse(signature);
  } catch {
    return []; // A conversation that began with another connection.
  }
}

// deno-lint-ignore no-explicit-any
function toContentParts({ type, content, source }: any): ContentPart[] {
  if (type === "text") return [{ type, text: content }];
  if (!source) return [];
  const { value, mimeType = type === "image" ? "image/*" : "" } = source;
  const url = source.type === "data" ? `data:${mimeType};base64,${value}` : value;
  if (type === "audio") {
    const format = mimeType.replace("audio/", "").replace("mpeg", "mp3");
    return [{ type: "input_audio", input_audio: { data: value, format } }];
  }
  return [type === "video" ? { type: "video_url", video_url: { url } } : toFilePart(url, mimeType)];
}
