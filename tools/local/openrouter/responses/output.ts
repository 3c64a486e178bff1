/** Converts a simulated answer to the `output` of OpenAI's Responses API. */
import type { Answer } from "../chat/answer.ts";
import type { Generation } from "../ledger.ts";
import type { Simulation } from "../simulation.ts";

/** Reasoning, a search, a message, a tool call or an image. */
export interface Item {
  type: string;
  id: string;
  status: string;
  content?: Part[];
  /** The function of a tool call. */
  name?: string;
  arguments?: string;
  [detail: string]: unknown;
}

/** A piece of text in an item. */
export interface Part {
  type: "output_text" | "refusal" | "reasoning_text";
  text?: string;
  refusal?: string;
  annotations?: unknown[];
}

/** Returns the items of an answer, in order. */
export function toOutput(answer: Answer, { id }: Generation, simulation: Simulation): Item[] {
  const drafts: Draft[] = [
    ...toThoughts(answer),
    ...Array.from({ length: answer.spending.searches ?? 0 }, () => ({ type: SEARCH })),
    ...toMessages(answer, simulation),
    ...answer.toolCalls.map(({ id: call_id, function: { name, arguments: text } }) => ({
      type: "function_call",
      call_id,
      name,
      arguments: text,
    })),
    ...answer.images.map((url) => ({
      type: "image_generation_call",
      result: url.slice(url.indexOf(",") + 1),
    })),
  ];
  const suffix = id.split("-").at(-1);
  return drafts.map((draft, i) => ({
    status: "completed",
    ...draft,
    id: `${PREFIXES[draft.type]}_${suffix}_${i}`,
  }));
}

/** An item without an id. It is complete by default. */
type Draft = { type: string; status?: string; [detail: string]: unknown };

const SEARCH = "openrouter:web_search";
const PREFIXES: Record<string, string> = {
  reasoning: "rs",
  [SEARCH]: "ws",
  message: "msg",
  function_call: "fc",
  image_generation_call: "ig",
};

/** Reasoning is an item even when its text is not visible. */
function toThoughts({ spending, reasoning }: Answer): Draft[] {
  if (!spending.reasoningTokens) return [];
  const text = reasoning.join("");
  const content: Part[] = text ? [{ type: "reasoning_text", text }] : [];
  return [{ type: "reasoning", summary: [], content, format: "unknown" }];
}

/** Returns a message, unless it would be empty beside tool calls or images. */
function toMessages(answer: Answer, { content: absence }: Simulation): Draft[] {
  const { tokens, refusal, toolCalls, images } = answer;
  const text = tokens.join("");
  const annotations = answer.annotations.map(({ type, url_citation }) => ({
    type,
    ...url_citation,
  }));
  const content: Part[] = refusal
    ? [{ type: "refusal", refusal }]
    : [{ type: "output_text", text, annotations }];
  const isMute = text === "" && !refusal;
  if (isMute && (toolCalls.length > 0 || images.length > 0 || absence === "missing")) return [];
  const parts = isMute && absence === "null" ? [] : content;
  const status = answer.finishReason === "length" ? "incomplete" : "completed";
  return [{ type: "message", role: "assistant", status, content: parts }];
}
