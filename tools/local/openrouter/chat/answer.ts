/** The answer of a simulated model to a conversation, before it gets a form. */
import type { Inference } from "../inference.ts";
import type { Spending } from "../ledger.ts";
import type { Model } from "../model.ts";
import { createPicture } from "../picture.ts";
import { answerFromRows } from "./cited_rows.ts";
import { digestRows } from "./digest.ts";
import { findKeywords } from "./keywords.ts";
import { findPreparedAnswer } from "./prepared_answers.ts";
import { countOf, writeProse, writeReasoning, writeToolAnswer } from "./prose.ts";
import { showsReasoning, toReasoningTokens } from "./reasoning.ts";
import {
  type ChatRequest,
  countImages,
  countPromptTokens,
  type Message,
  readMaxTokens,
  readText,
} from "./request.ts";
import { createValue } from "./schema_value.ts";
import { toTokens } from "./tokens.ts";
import { createToolCalls, type ToolCall } from "./tool_calls.ts";
import { type Annotation, searchWeb, shiftAnnotations } from "./web_search.ts";

/** A complete answer. */
export interface Answer {
  model: Model;
  /** The tokens of the text. Joined they are the text. */
  tokens: string[];
  /** The tokens of the visible reasoning. */
  reasoning: string[];
  refusal: string | null;
  toolCalls: ToolCall[];
  /** Data URLs. */
  images: string[];
  annotations: Annotation[];
  finishReason: FinishReason;
  nativeFinishReason: string;
  spending: Spending;
}

type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** Output tokens of one image, as with Gemini. */
export const IMAGE_OUTPUT_TOKENS = 1_290;
const CALL_TOKENS = 12;
/** The billed output tokens of a finished turn without text. */
const NO_TEXT_TOKENS = 3;

/** Native finish reasons. Providers that are not listed use OpenRouter's own names. */
const NATIVE: Record<string, Partial<Record<FinishReason, string>>> = {
  Anthropic: {
    stop: "end_turn",
    length: "max_tokens",
    tool_calls: "tool_use",
    content_filter: "refusal",
  },
  Google: { stop: "STOP", length: "MAX_TOKENS", tool_calls: "STOP", content_filter: "SAFETY" },
};

/** Creates the answer. The same request gets the same answer. */
export function createAnswer(
  { request, simulation }: Inference<ChatRequest>,
  model: Model,
): Answer {
  const prompt = readPrompt(request.messages);
  const said = say(request, prompt, model, simulation);
  const limit = readMaxTokens(request) ?? model.maxOutput;
  const reasoningTokens = Math.min(toReasoningTokens(request, model), limit);
  const shown = reasoningTokens > 0 && showsReasoning(request) ? writeReasoning(prompt) : "";

  const imageTokens = said.images.length * IMAGE_OUTPUT_TOKENS;
  const callTokens = said.toolCalls.reduce(
    (sum, call) => sum + CALL_TOKENS + toTokens(call.function.arguments).length,
    0,
  );
  const whole = toTokens(cutAtStop(said.text, request.stop));
  const tokens = whole.slice(0, Math.max(0, limit - reasoningTokens));
  const finishReason = tokens.length < whole.length
    ? "length"
    : said.refusal
    ? "content_filter"
    : said.toolCalls.length > 0
    ? "tool_calls"
    : "stop";
  const kept = tokens.join("").length;
  return {
    model,
    tokens,
    reasoning: toTokens(shown).slice(0, reasoningTokens),
    refusal: said.refusal,
    toolCalls: said.toolCalls,
    images: said.images,
    annotations: said.annotations.filter(({ url_citation }) => url_citation.end_index <= kept),
    finishReason,
    nativeFinishReason: simulation.native_finish_reason ?? NATIVE[model.provider]?.[finishReason] ??
      finishReason,
    spending: {
      promptTokens: countPromptTokens(request.messages),
      completionTokens: reasoningTokens + tokens.length + imageTokens + callTokens +
        (simulation.answer === "no_text" ? NO_TEXT_TOKENS : 0),
      reasoningTokens,
      imageTokens,
      searches: said.searches,
      searchResults: said.annotations.length,
      mediaIn: countImages(request.messages),
      mediaOut: said.images.length,
      byok: simulation.byok,
    },
  };
}

interface Said {
  text: string;
  refusal: string | null;
  toolCalls: ToolCall[];
  images: string[];
  annotations: Annotation[];
  searches: number;
}

/** Returns everything that the model says, before any limit. */
function say(
  request: ChatRequest,
  prompt: string,
  model: Model,
  simulation: Inference<ChatRequest>["simulation"],
): Said {
  const nothing: Said = {
    text: "",
    refusal: null,
    toolCalls: [],
    images: [],
    annotations: [],
    searches: 0,
  };
  if (simulation.answer === "empty" || simulation.answer === "no_text") return nothing;
  if (simulation.answer === "refusal") {
    return { ...nothing, refusal: "I’m sorry, but I can’t help with that." };
  }
  if (simulation.text !== undefined) return { ...nothing, text: simulation.text };

  const toolCalls = createToolCalls(request, prompt, simulation);
  if (toolCalls.length > 0) return { ...nothing, toolCalls };

  if (request.modalities?.includes("image") || !model.output.includes("text")) {
    const url = createPicture(prompt, {
      aspectRatio: request.image_config?.aspect_ratio,
      leastBytes: simulation.image_bytes,
    });
    const text = request.modalities?.includes("text")
      ? `Here is a simulated picture of ${findKeywords(prompt, 3).join(" ") || "it"}.`
      : "";
    return { ...nothing, text, images: [url] };
  }

  const text = writeText(request, prompt, model);
  const search = searchWeb(request, prompt);
  if (!search) return { ...nothing, text };
  const annotations = shiftAnnotations(search.annotations, text.length);
  return { ...nothing, text: text + search.text, annotations, searches: search.searches };
}

function writeText(request: ChatRequest, prompt: string, model: Model): string {
  const { messages, response_format } = request;
  const structured = model.parameters.includes("structured_outputs");
  if (response_format?.type === "json_schema" && structured) {
    const schema = response_format.json_schema!.schema;
    return JSON.stringify(createValue(schema, prompt));
  }
  if (response_format?.type === "json_object") {
    const keywords = findKeywords(prompt, 5);
    return JSON.stringify({ answer: "A simulated answer.", keywords, simulated: true });
  }
  const results = readToolResults(messages);
  if (results.length > 0) return writeToolAnswer(results);
  const turns = messages.filter(({ role }) => role === "user").length;
  const images = countImages(messages);
  const digest = answerFromRows(prompt) ?? digestRows(prompt);
  if (digest) return images > 0 ? `${digest} I also got ${countOf(images, "image")}.` : digest;
  return findPreparedAnswer(prompt) ?? writeProse(prompt, { model: model.id, images, turns });
}

/** Returns the last message of the user. */
function readPrompt(messages: Message[]): string {
  const last = messages.findLast(({ role }) => role === "user") ?? messages.at(-1)!;
  return readText(last);
}

/** Returns the tool results at the end of the conversation. */
function readToolResults(messages: Message[]): { name: string; content: string }[] {
  const names = new Map(
    messages.flatMap(({ tool_calls }) =>
      (tool_calls ?? []).map(({ id, function: { name } }) => [id, name] as const)
    ),
  );
  const last = messages.findLastIndex(({ role }) => role !== "tool" && role !== "function");
  return messages.slice(last + 1).map((message) => ({
    name: names.get(message.tool_call_id!) ?? message.name ?? "tool",
    content: readText(message),
  }));
}

function cutAtStop(text: string, stop: ChatRequest["stop"]): string {
  const ends = [stop ?? []].flat().filter((word) => word !== "").map((word) => text.indexOf(word));
  const found = ends.filter((index) => index >= 0);
  return found.length > 0 ? text.slice(0, Math.min(...found)) : text;
}
