/** Tokens and money as gateways report them, read into numbers that the ledger can hold. */

/** The `usage` object of a response; `cost` is in USD. */
export interface TokenUsage {
  /** Tokens of the request. */
  prompt_tokens: number;
  /** Tokens of the response. */
  completion_tokens: number;
  /** The sum of both. */
  total_tokens: number;
  /** USD. */
  cost?: number | null;
  /** Details that differ between gateways. */
  [detail: string]: unknown;
}

/** What a `usage` object states. */
export interface StatedUsage {
  /** Tokens of the prompt. */
  promptTokens: number;
  /** Generated tokens, reasoning included. */
  completionTokens: number;
  /** USD; undefined when the gateway states no cost. */
  usd?: number;
}

const MAX_COUNT = 2 ** 31 - 1;
const MAX_USD = 1e9;

/**
 * Reads a `usage` object under any of its names: `prompt_tokens` and `completion_tokens`, or
 * `input_tokens` and `output_tokens` in OpenAI's Responses and Anthropic's Messages. Anthropic counts
 * the prompt tokens that its cache read or stored beside `input_tokens`, so they are added. When a server states only a total, as
 * some do for embeddings, all of it counts as prompt tokens.
 *
 * @returns undefined when it states neither tokens nor a cost.
 */
export function readTokenUsage(usage?: TokenUsage | null): StatedUsage | undefined {
  if (!usage) return undefined;
  const { prompt_tokens, input_tokens, completion_tokens, output_tokens, total_tokens } = usage;
  const completionTokens = toTokenCount(completion_tokens ?? output_tokens);
  const cached = toTokenCount(usage.cache_creation_input_tokens) +
    toTokenCount(usage.cache_read_input_tokens);
  const promptTokens = toTokenCount(prompt_tokens ?? toTokenCount(input_tokens) + cached) ||
    Math.max(0, toTokenCount(total_tokens) - completionTokens);
  const usd = readStatedUsd(usage);
  if (usd === undefined && promptTokens + completionTokens === 0) return undefined;
  return { promptTokens, completionTokens, usd };
}

/**
 * What a generation cost: `cost`, and with the account's own provider key (`is_byok`), where `cost` is
 * OpenRouter's fee alone, also what the provider charges.
 *
 * @returns undefined when no cost is stated, or only a fee of 0 for an own provider key.
 */
export function readStatedUsd(
  { cost, is_byok, cost_details }: { cost?: unknown; is_byok?: unknown; cost_details?: unknown },
): number | undefined {
  const usd = toUsd(cost);
  if (usd === undefined || is_byok !== true) return usd;
  const provider = toUsd(Object(cost_details).upstream_inference_cost);
  return provider === undefined && usd === 0 ? undefined : toUsd(usd + (provider ?? 0));
}

/**
 * The `usage` object of a response with its documented types: a count that is missing or invalid is
 * 0, and an invalid cost is left out.
 *
 * @returns undefined when there is no such object.
 */
export function toTokenUsage(usage: unknown): TokenUsage | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const { cost, ...rest } = usage as TokenUsage;
  const usd = typeof cost === "string" ? toUsd(cost) : cost;
  return {
    ...rest,
    prompt_tokens: toTokenCount(rest.prompt_tokens),
    completion_tokens: toTokenCount(rest.completion_tokens),
    total_tokens: toTokenCount(rest.total_tokens),
    ...(usd === null || typeof usd === "number" ? { cost: usd } : {}),
  };
}

/** Adds up the usage of several calls; calls without usage count as zero. */
export function sumTokenUsage(usages: (Partial<TokenUsage> | undefined)[]): TokenUsage {
  const sum = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 };
  for (const usage of usages) {
    sum.prompt_tokens += toTokenCount(usage?.prompt_tokens);
    sum.completion_tokens += toTokenCount(usage?.completion_tokens);
    sum.total_tokens += toTokenCount(usage?.total_tokens);
    sum.cost += usage ? readStatedUsd(usage) ?? 0 : 0;
  }
  return sum;
}

/** A whole number of tokens from 0 to 2^31 - 1; anything that is not a positive number is 0. */
export function toTokenCount(value: unknown): number {
  const count = toNumber(value);
  return count > 0 && count < Infinity ? Math.min(MAX_COUNT, Math.round(count)) : 0;
}

/** An amount of USD from 0 to 10^9; undefined for anything else. */
export function toUsd(value: unknown): number | undefined {
  const usd = toNumber(value);
  return usd >= 0 && usd <= MAX_USD ? usd : undefined;
}

function toNumber(value: unknown): number {
  return typeof value === "number" || typeof value === "string" && value ? Number(value) : NaN;
}
