/** What generations used and cost. Sums are whole nano-dollars, so that a bill adds up exactly. */
import { type Model, stopsOnCancel } from "./models.ts";

const NANO = 1_000_000_000;
/** What the provider of web searches takes for one result. */
const SEARCH_RESULT_PRICE = 4_000_000;

/** What one generation used. */
export interface Spending {
  promptTokens: number;
  /** Reasoning and images included. */
  completionTokens: number;
  reasoningTokens?: number;
  imageTokens?: number;
  searches?: number;
  searchResults?: number;
  /** Images, and the like, that came with the prompt, and that were made. */
  mediaIn?: number;
  mediaOut?: number;
  /** Whether the project's own provider key paid for it: OpenRouter itself then charges nothing. */
  byok?: boolean;
}

/** The kinds of generation, in OpenRouter's words. */
export type ApiType = "completions" | "embeddings" | "image";

/** A generation under way. */
export interface Generation {
  id: string;
  apiType: ApiType;
  /** Who pays. */
  account: string;
  /** Epoch milliseconds. */
  createdAt: number;
  streamed: boolean;
  origin: string;
}

/** How a generation ended. */
export interface Settlement {
  model: Model;
  spending: Spending;
  cancelled?: boolean;
  finishReason?: string | null;
  nativeFinishReason?: string | null;
}

/** `usage` as it stands in an answer. */
export type Usage = ReturnType<typeof toUsage>;

/** A sum of generations, in USD. */
export interface Bill {
  total: number;
  generations: number;
}

interface Settled {
  account: string;
  data: Record<string, unknown>;
  settledAt: number;
}

/** Everything that was billed so far. */
export interface Ledger {
  /** A new generation, with an id nobody has. */
  open(generation: Pick<Generation, "account" | "apiType" | "streamed" | "origin">): Generation;
  /** Bills a generation that has ended. */
  settle(generation: Generation, settlement: Settlement): void;
  /** A settled generation as `/generation` shows it, and since when, in epoch milliseconds. */
  find(id: string): Settled | undefined;
  /** What an account's generations came to, or all, in USD, and how many they were. */
  bill(account?: string): Bill;
}

/** Generations remembered; the oldest is forgotten, its cost is not. */
const MAX_GENERATIONS = 1_000;

/** Opens a ledger. */
export function createLedger(now: () => number): Ledger {
  const settled = new Map<string, Settled>();
  /** In nano-dollars. */
  const bills = new Map<string, Bill>();
  return {
    open(generation) {
      const createdAt = now();
      const random = crypto.randomUUID().replaceAll("-", "").slice(0, 20);
      const id = `gen-${Math.floor(createdAt / 1_000)}-${random}`;
      return { ...generation, id, createdAt };
    },
    settle(generation, settlement) {
      const { account } = generation;
      const { total, generations } = bills.get(account) ?? { total: 0, generations: 0 };
      const { model, spending } = settlement;
      const cost = spending.byok ? 0 : toCost(model, spending).total;
      bills.set(account, { total: total + cost, generations: generations + 1 });
      const settledAt = now();
      const data = toData(generation, settlement, settledAt);
      settled.set(generation.id, { account, data, settledAt });
      if (settled.size > MAX_GENERATIONS) settled.delete(settled.keys().next().value!);
    },
    find: (id) => settled.get(id),
    bill(account) {
      const counted = [...bills].filter(([name]) => account === undefined || name === account);
      const sum = (field: keyof Bill) => counted.reduce((sum, [, bill]) => sum + bill[field], 0);
      return { total: sum("total") / NANO, generations: sum("generations") };
    },
  };
}

/** What a request could cost at most, in USD. */
export function toHighestCost(model: Model, promptTokens: number, maxTokens: number): number {
  return (promptTokens * model.price.prompt + maxTokens * toHighestPrice(model)) / NANO;
}

/** How many tokens of answer so many USD buy, once the prompt is paid. */
export function toAffordableTokens(model: Model, promptTokens: number, usd: number): number {
  const left = usd * NANO - promptTokens * model.price.prompt;
  return Math.max(0, Math.floor(left / Math.max(toHighestPrice(model), 1)));
}

function toHighestPrice({ price }: Model): number {
  return Math.max(price.completion, price.image ?? 0);
}

/** What the answer says of its use. */
export function toUsage(model: Model, spending: Spending) {
  const { promptTokens, completionTokens, searches = 0, byok = false } = spending;
  const cost = toCost(model, spending);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    cost: byok ? 0 : cost.total / NANO,
    is_byok: byok,
    prompt_tokens_details: {
      cached_tokens: 0,
      cache_write_tokens: 0,
      audio_tokens: 0,
      video_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: spending.reasoningTokens ?? 0,
      image_tokens: spending.imageTokens ?? 0,
      audio_tokens: 0,
    },
    cost_details: {
      upstream_inference_cost: byok ? cost.total / NANO : null,
      upstream_inference_prompt_cost: cost.prompt / NANO,
      upstream_inference_completions_cost: cost.completion / NANO,
      server_tool_cost: cost.search === 0 ? null : cost.search / NANO,
    },
    ...(searches > 0 && {
      server_tool_use_details: {
        web_search_requests: searches,
        tool_calls_requested: searches,
        tool_calls_executed: searches,
      },
    }),
  };
}

/** What is billed when the client left after `delivered` tokens of the answer. */
export function toCancelledSpending(model: Model, spending: Spending, delivered: number): Spending {
  if (!stopsOnCancel(model)) return spending;
  const { reasoningTokens = 0, imageTokens = 0 } = spending;
  const completionTokens = Math.min(spending.completionTokens, delivered);
  return {
    ...spending,
    completionTokens,
    reasoningTokens: Math.min(reasoningTokens, completionTokens),
    imageTokens: Math.min(imageTokens, completionTokens),
  };
}

/** Nano-dollars. */
function toCost({ price }: Model, spending: Spending) {
  const { promptTokens, completionTokens, imageTokens = 0, searchResults = 0 } = spending;
  const prompt = promptTokens * price.prompt;
  const completion = (completionTokens - imageTokens) * price.completion +
    imageTokens * (price.image ?? price.completion);
  const search = searchResults * SEARCH_RESULT_PRICE;
  return { prompt, completion, search, total: prompt + completion + search };
}

function toData(generation: Generation, settlement: Settlement, settledAt: number) {
  const { model, spending, cancelled = false } = settlement;
  const { promptTokens, completionTokens, reasoningTokens = 0, imageTokens = 0 } = spending;
  const { byok = false } = spending;
  const inference = toCost(model, spending).total / NANO;
  const cost = byok ? 0 : inference;
  const elapsed = settledAt - generation.createdAt;
  return {
    id: generation.id,
    model: model.id,
    provider_name: model.provider,
    api_type: generation.apiType,
    created_at: new Date(generation.createdAt).toISOString(),
    total_cost: cost,
    usage: cost,
    upstream_inference_cost: byok ? inference : null,
    cache_discount: null,
    is_byok: byok,
    tokens_prompt: promptTokens,
    tokens_completion: completionTokens,
    native_tokens_prompt: promptTokens,
    native_tokens_completion: completionTokens,
    native_tokens_reasoning: reasoningTokens,
    native_tokens_cached: 0,
    native_tokens_completion_images: imageTokens,
    latency: elapsed,
    generation_time: elapsed,
    moderation_latency: null,
    finish_reason: settlement.finishReason ?? null,
    native_finish_reason: settlement.nativeFinishReason ?? null,
    streamed: generation.streamed,
    cancelled,
    origin: generation.origin,
    http_referer: generation.origin || null,
    num_search_results: spending.searchResults ?? null,
    num_media_prompt: spending.mediaIn ?? null,
    num_media_completion: spending.mediaOut ?? null,
  };
}
