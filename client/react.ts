/**
 * A chat for React: `useAiChat` keeps the conversation and streams the answers.
 *
 * @module
 */
// @ts-types="@types/react"
import { useEffect, useRef, useState } from "react";
import type {
  AiClient,
  AiError,
  ChatMessage,
  ChatOptions,
  ContentPart,
  StreamPart,
  TokenUsage,
} from "./mod.ts";

/** A tool call of the model. */
export type ChatToolCall = Extract<StreamPart, { type: "tool-call" }>;

/** One message of the conversation, as a UI shows it. */
export interface AiChatMessage {
  /** Unique within the conversation. */
  id: number;
  /** Who wrote the message; `tool` is the result of a tool call. */
  role: "user" | "assistant" | "tool";
  /** The text so far. */
  text: string;
  /** The model's reasoning so far. */
  reasoning: string;
  /** Images as URLs or data URLs. */
  images: string[];
  /** Sources in OpenRouter's form. */
  annotations: unknown[];
  /** Complete tool calls. */
  toolCalls: ChatToolCall[];
  /** Tokens and cost, once they are known. */
  usage?: TokenUsage;
  /** The message as it is sent to the model. */
  message: ChatMessage;
}

/** Settings of a chat. */
export interface AiChatOptions {
  /** Fields of every request, such as `model` and `tools`. */
  request?: ChatOptions | undefined;
  /**
   * Runs a tool call. The returned value goes back to the model as the result. Without it, the
   * chat stops at tool calls.
   */
  onToolCall?: ((call: ChatToolCall) => unknown) | undefined;
}

/** A chat and what a UI can do with it. */
export interface AiChat {
  /** The conversation so far; the last answer may still be growing. */
  messages: AiChatMessage[];
  /** Whether an answer is being written. */
  isStreaming: boolean;
  /** The failure of the last answer. */
  error: AiError | undefined;
  /** Sends a message of the user and waits for the end of the answer. */
  send(content: string | ContentPart[]): Promise<void>;
  /** Asks again for the last answer. */
  retry(): Promise<void>;
  /** Stops the answer; its text so far stays. */
  stop(): void;
  /** Starts a new conversation. */
  clear(): void;
}

/** A model that keeps calling tools is stopped after this many answers. */
const MAX_STEPS = 8;

interface State {
  messages: AiChatMessage[];
  isStreaming: boolean;
  error: AiError | undefined;
}

/**
 * Keeps a conversation and streams its answers.
 *
 * @param ai a client; it may be created on every render.
 *
 * @example
 * ```tsx
 * function Chat() {
 *   const { messages, isStreaming, error, send, stop } = useAiChat(ai);
 *   return (
 *     <>
 *       {messages.map(({ id, text }) => <p key={id}>{text}</p>)}
 *       {error && <p>{error.message}</p>}
 *       <button onClick={() => isStreaming ? stop() : send("Hello")}>Hello</button>
 *     </>
 *   );
 * }
 * ```
 */
export function useAiChat(ai: AiClient, options: AiChatOptions = {}): AiChat {
  const [state, render] = useState<State>(createState);
  const latest = useRef({ ai, options });
  latest.current = { ai, options };
  // Streams outlive renders, so they work on this state and not on that of a render.
  const chat = useRef<State & { controller?: AbortController; lastId: number }>({
    ...state,
    lastId: 0,
  }).current;
  useEffect(() => () => chat.controller?.abort(), [chat]);

  function update(change: Partial<State>): void {
    const { messages, isStreaming, error } = Object.assign(chat, change);
    render({ messages, isStreaming, error });
  }

  function add(message: ChatMessage & { role: AiChatMessage["role"] }, text: string): void {
    update({ messages: [...chat.messages, createMessage(++chat.lastId, message, text)] });
  }

  async function run(): Promise<void> {
    stop();
    const { signal } = chat.controller = new AbortController();
    update({ isStreaming: true, error: undefined });
    try {
      for (let step = 0; step < MAX_STEPS; step++) {
        const calls = await streamAnswer(signal);
        const { onToolCall } = latest.current.options;
        if (calls.length === 0 || !onToolCall) break;
        for (const call of calls) {
          const result = await onToolCall(call);
          if (signal.aborted) return;
          const content = typeof result === "string" ? result : JSON.stringify(result ?? null);
          add({ role: "tool", tool_call_id: call.id, content }, content);
        }
      }
    } catch (thrown) {
      // `stop` is not a failure.
      if (!signal.aborted) update({ error: thrown as AiError });
    } finally {
      if (chat.controller?.signal === signal) update({ isStreaming: false });
    }
  }

  async function streamAnswer(signal: AbortSignal): Promise<ChatToolCall[]> {
    const messages = toRequestMessages(chat.messages);
    const request = { ...latest.current.options.request, messages };
    add({ role: "assistant", content: "" }, "");
    let answer = chat.messages.at(-1)!;
    for await (const part of latest.current.ai.stream(request, { signal })) {
      if (signal.aborted) break;
      if (part.type === "error") throw part.error;
      answer = extend(answer, part);
      update({ messages: [...chat.messages.slice(0, -1), answer] });
    }
    return answer.toolCalls;
  }

  function stop(): void {
    chat.controller?.abort();
    if (chat.isStreaming) update({ isStreaming: false });
  }

  return {
    ...state,
    send(content) {
      const text = typeof content === "string" ? content : content.map(readText).join("");
      add({ role: "user", content }, text);
      return run();
    },
    retry() {
      const last = chat.messages.findLastIndex(({ role }) => role === "user");
      update({ messages: chat.messages.slice(0, last + 1) });
      return run();
    },
    stop,
    clear() {
      stop();
      update(createState());
    },
  };
}

function createState(): State {
  return { messages: [], isStreaming: false, error: undefined };
}

function createMessage(
  id: number,
  message: ChatMessage & { role: AiChatMessage["role"] },
  text: string,
): AiChatMessage {
  const { role } = message;
  return { id, role, text, reasoning: "", images: [], annotations: [], toolCalls: [], message };
}

/** Leaves out what models reject: empty answers, and tool calls without a result. */
function toRequestMessages(messages: AiChatMessage[]): ChatMessage[] {
  const answered = messages.flatMap(({ message }) =>
    message.role === "tool" ? [message.tool_call_id] : []
  );
  return messages.flatMap(({ message }): ChatMessage[] => {
    if (message.role !== "assistant") return [message];
    const calls = message.tool_calls?.filter(({ id }) => answered.includes(id)) ?? [];
    const tool_calls = calls.length > 0 ? calls : undefined;
    return message.content || tool_calls ? [{ ...message, tool_calls }] : [];
  });
}

function readText(part: ContentPart): string {
  return part.type === "text" ? part.text : "";
}

/** Returns the answer with one more part. */
function extend(answer: AiChatMessage, part: StreamPart): AiChatMessage {
  const next = { ...answer };
  let details: unknown[] = [];
  switch (part.type) {
    case "text":
    case "refusal":
      next.text += part.text;
      break;
    case "reasoning":
      next.reasoning += part.text;
      details = part.details ?? [];
      break;
    case "image":
      next.images = [...answer.images, part.url];
      break;
    case "annotation":
      next.annotations = [...answer.annotations, part.annotation];
      break;
    case "tool-call":
      next.toolCalls = [...answer.toolCalls, part];
      break;
    case "usage":
      next.usage = part.usage;
  }
  const before = answer.message.role === "assistant" ? answer.message.reasoning_details ?? [] : [];
  next.message = {
    role: "assistant",
    content: next.text || null,
    ...next.toolCalls.length > 0 && {
      tool_calls: next.toolCalls.map(({ id, name, arguments: text }) => ({
        id,
        type: "function",
        function: { name, arguments: text },
      })),
    },
    ...(before.length + details.length > 0) && { reasoning_details: [...before, ...details] },
  };
  return next;
}
