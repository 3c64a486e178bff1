/** What a model thinks before it answers: how much, and whether it shows it. */
import type { Model } from "../models.ts";
import type { ChatRequest } from "./request.ts";

/** Tokens that each effort takes. */
const EFFORT_TOKENS: Record<string, number> = {
  none: 0,
  minimal: 16,
  low: 64,
  medium: 160,
  high: 400,
  xhigh: 800,
  max: 1_600,
};

/** The tokens a model would like to spend on reasoning; 0 where it does not reason. */
export function toReasoningTokens(request: ChatRequest, model: Model): number {
  if (!model.reasoning) return 0;
  const { reasoning, reasoning_effort, include_reasoning } = request;
  if (reasoning?.enabled === false) return 0;
  if (reasoning?.max_tokens) return Math.min(reasoning.max_tokens, EFFORT_TOKENS.high);
  const effort = reasoning?.effort ?? reasoning_effort;
  const wanted = reasoning?.enabled || include_reasoning || model.reasoning.mandatory;
  return EFFORT_TOKENS[effort ?? (wanted ? "medium" : "none")];
}

/** Whether the text of the reasoning is shown; its tokens are spent either way. */
export function showsReasoning({ reasoning, reasoning_effort, include_reasoning }: ChatRequest) {
  if (reasoning?.exclude || include_reasoning === false) return false;
  return Boolean(reasoning || reasoning_effort || include_reasoning);
}
