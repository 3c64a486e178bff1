/** The reasoning of a model: how much, and whether it is visible. */
import type { Model } from "../model.ts";
import type { ChatRequest } from "./request.ts";

const HIGH_TOKENS = 400;

/** Reasoning tokens by effort. */
const EFFORT_TOKENS: Record<string, number> = {
  none: 0,
  minimal: 16,
  low: 64,
  medium: 160,
  high: HIGH_TOKENS,
  xhigh: 800,
  max: 1_600,
};

/** Returns how many tokens a model uses for reasoning; 0 when it does not reason. */
export function toReasoningTokens(request: ChatRequest, model: Model): number {
  if (!model.reasoning) return 0;
  const { reasoning, reasoning_effort, include_reasoning } = request;
  if (reasoning?.enabled === false) return 0;
  if (reasoning?.max_tokens) return Math.min(reasoning.max_tokens, HIGH_TOKENS);
  const effort = reasoning?.effort ?? reasoning_effort;
  const wanted = reasoning?.enabled || include_reasoning || model.reasoning.mandatory;
  return EFFORT_TOKENS[effort ?? (wanted ? "medium" : "none")] ?? 0;
}

/** Whether the text of the reasoning is visible. Its tokens are billed in any case. */
export function showsReasoning({ reasoning, reasoning_effort, include_reasoning }: ChatRequest) {
  if (reasoning?.exclude || include_reasoning === false) return false;
  return Boolean(reasoning || reasoning_effort || include_reasoning);
}
