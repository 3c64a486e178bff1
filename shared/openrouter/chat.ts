/** A chat completion in the form that functions return: one text, and what came with it. */
import { readChunk } from "./chat_protocol.ts";
import type { Completion, Message, ToolCall } from "./completions.ts";
import { toArguments, toContentText } from "./messages.ts";
import { toText } from "../fields.ts";
import { type TokenUsage, toTokenUsage } from "../token_usage.ts";

/** What comes with a text: tool calls, reasoning, annotations, images and the rest. */
export type ChatAdditions = Omit<Message, "role" | "content">;

/** A model's answer; see `chat`. */
export interface ChatAnswer extends ChatAdditions {
  /** OpenRouter's id of the generation. */
  id: string;
  /** The model that answered, which may be a fallback. */
  model: string;
  /** The text of the answer; empty when the model only called tools, refused, or spent all tokens on reasoning. */
  text: string;
  /** `stop`, `length`, `tool_calls` or `content_filter`. */
  finish_reason: string | null;
  /** Tokens and cost, when the gateway reports them. */
  usage?: TokenUsage;
}

/** Converts a completion; of several choices the first one with output counts. */
export function toChatAnswer({ id, model, choices, usage }: Completion): ChatAnswer {
  const withMessage = choices.filter((choice) => choice?.message);
  const withOutput = withMessage.find((choice) => readChunk({ choices: [choice] }).hasOutput);
  const { finish_reason, message } = withOutput ?? withMessage[0]!;
  return {
    id: toText(id),
    model: toText(model),
    text: toContentText(message.content),
    finish_reason: toText(finish_reason) || null,
    ...toAdditions(message),
    usage: toTokenUsage(usage),
  };
}

/** What came with the text, without empty fields. */
function toAdditions({ content: _text, role: _assistant, ...additions }: Message): ChatAdditions {
  const filled = Object.entries(additions).filter(([name, value]) =>
    Array.isArray(value) ? value.length > 0 && !TEXTS.has(name) : isFilled(name, value)
  );
  const named: ChatAdditions = Object.fromEntries(filled);
  const { tool_calls } = named;
  return Array.isArray(tool_calls) ? { ...named, tool_calls: tool_calls.map(toToolCall) } : named;
}

function toToolCall(call: ToolCall): ToolCall {
  if (typeof call?.function?.arguments === "string" || !call?.function) return call;
  return {
    ...call,
    function: { ...call.function, arguments: toArguments(call.function.arguments) },
  };
}

const TEXTS = new Set(["refusal", "reasoning"]);
const LISTS = new Set(["reasoning_details", "tool_calls", "annotations", "images"]);

/** Whether a field that is not a list has a value of its documented type. */
function isFilled(name: string, value: unknown): boolean {
  if (LISTS.has(name) || (value ?? null) === null) return false;
  return typeof value === "string" || !TEXTS.has(name);
}
