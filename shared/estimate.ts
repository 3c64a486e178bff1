/** The most that a paid call may use and cost, before it is made. */
import type { Settings } from "./settings.ts";

/** What a paid call asks for, as far as its cost depends on it. */
export interface PaidCall {
  /** Fields of the request; those that matter are its model and its limits of tokens. */
  params: Record<string, unknown>;
  /** The same as JSON, as it is sent. */
  body: string;
}

/** The most tokens that a call may use, and USD that it is assumed to cost while nothing is known. */
export interface Estimate {
  model: string;
  promptTokens: number;
  completionTokens: number;
  usd: number;
}

/** USD per million tokens of a model whose price is neither known nor capped. */
const DEFAULT_PROMPT_PRICE = 3;
const DEFAULT_COMPLETION_PRICE = 15;
/** JSON has about as many characters per token, and an image counts as so many tokens. */
const CHARS_PER_TOKEN = 3;
const TOKENS_PER_IMAGE = 1_000;

/**
 * Estimates a call: its prompt by length, its answer by `max_tokens`, `n` times, and both at the
 * highest prices that the settings allow.
 */
export function estimate({ params, body }: PaidCall, settings: Settings): Estimate {
  const { model, max_tokens, max_completion_tokens, max_output_tokens, n } = params;
  const text = body.includes("data:") ? body.replace(/"data:[^"]*"/g, "") : body;
  const images = body.length === text.length ? 0 : body.split('"data:').length - 1;
  const promptTokens = Math.ceil(text.length / CHARS_PER_TOKEN) + images * TOKENS_PER_IMAGE;
  const completionTokens = toCount(max_completion_tokens ?? max_tokens ?? max_output_tokens) *
    Math.max(1, toCount(n));
  const {
    MAX_PROMPT_USD_PER_MILLION: promptPrice = DEFAULT_PROMPT_PRICE,
    MAX_COMPLETION_USD_PER_MILLION: completionPrice = DEFAULT_COMPLETION_PRICE,
  } = settings;
  return {
    model: String(model ?? (Array.isArray(params.models) ? params.models[0] : undefined) ?? ""),
    promptTokens,
    completionTokens,
    usd: (promptTokens * promptPrice + completionTokens * completionPrice) / 1e6,
  };
}

/** A whole number of tokens; what is none, or below zero, is 0. */
export function toCount(value: unknown): number {
  const count = Number(value ?? 0);
  return count > 0 && Number.isFinite(count) ? Math.round(count) : 0;
}
