/** The most that a paid call may use and cost, before it is made. */
import { toCount, toName } from "./ledger_values.ts";
import { TOKEN_LIMITS } from "./output_cap.ts";
import type { Settings } from "./settings.ts";

/** What a paid call asks for, as far as its cost depends on it. */
export interface PaidCall {
  /** The operation, such as `/chat/completions`. */
  path: string;
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
  prices: Prices;
  usd: number;
}

/** USD per million tokens. */
export interface Prices {
  prompt: number;
  completion: number;
}

/** Of a model whose price is neither known nor capped. */
const DEFAULT_PRICES: Prices = { prompt: 3, completion: 15 };
/** JSON has about as many bytes per token, and an image counts as so many tokens. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_IMAGE = 1_000;
/** What a call without a limit is assumed to write at most: an image takes thousands. */
const UNLIMITED_TOKENS = 4_096;
/** A file inside the request. What a person writes cannot look like one: JSON escapes its quotes. */
const FILE = /"(?:url|\w+_url|file_data)":"data:[\w.+-]+\/[\w.+-]+;base64,[\w+/=-]*"/g;

const encoder = new TextEncoder();

/**
 * Estimates a call: its prompt by length, its answer by the highest of its limits of tokens, `n`
 * times, and both at the highest prices that the settings allow.
 */
export function estimate({ path, params, body }: PaidCall, settings: Settings): Estimate {
  let images = 0;
  const text = body.includes("data:") ? body.replace(FILE, () => (images++, "")) : body;
  const promptTokens = Math.ceil(encoder.encode(text).length / BYTES_PER_TOKEN) +
    images * TOKENS_PER_IMAGE;
  const limit = Math.max(...TOKEN_LIMITS.map((name) => toCount(params[name])));
  const completionTokens = (limit || (path === "/embeddings" ? 0 : UNLIMITED_TOKENS)) *
    Math.max(1, toCount(params.n));
  const {
    MAX_PROMPT_USD_PER_MILLION: prompt = DEFAULT_PRICES.prompt,
    MAX_COMPLETION_USD_PER_MILLION: completion = DEFAULT_PRICES.completion,
  } = settings;
  const prices = { prompt, completion };
  return {
    model: toName(params.model ?? (Array.isArray(params.models) ? params.models[0] : undefined)),
    promptTokens,
    completionTokens,
    prices,
    usd: price(promptTokens, completionTokens, prices),
  };
}

/** What tokens cost, USD. */
export function price(
  promptTokens: number,
  completionTokens: number,
  { prompt, completion }: Prices,
): number {
  return (promptTokens * prompt + completionTokens * completion) / 1e6;
}
