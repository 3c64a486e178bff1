/** The usage and cost of generations, in whole nano-dollars, so that sums are exact. */
import type { Model } from "./model.ts";
import { stopsOnCancel } from "./models.ts";

const NANO = 1_000_000_000;
/** The price of one web search result. */
const SEARCH_RESULT_PRICE = 4_000_000;

/** The usage of one generation. */
export interface Spending {
  promptTokens: number;
  /** Including reasoning and images. */
  completionTokens: number;
  reasoningTokens?: number;
  imageTokens?: number;
  searches?: number;
  searchResults?: number;
  /** Searches of a reranker, seconds of a recording or of a video, or 3D objects. */
  units?: number;
  /** Images and other media in the prompt and in the answer. */
  mediaIn?: number;
  mediaOut?: number;
  /** Whether the project's own provider key pays. OpenRouter then charges nothing. */
  byok?: boolean;
}

/** The kinds of generation, by OpenRouter's names. */
export type ApiType =
  | "completions"
  | "embeddings"
  | "image"
  | "rerank"
  | "tts"
  | "stt"
  | "3d"
  | "video";

/** A generation in progress. */
export interface Generation {
  id: string;
  apiType: ApiType;
  /** The account that pays. */
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

/** The field `usage` of a response. */
export type Usage = ReturnType<typeof toUsage>;

/** The total of several generations, in USD. */
export interface Bill {
  total: number;
  generations: number;
}

interface Settled {
  account: string;
  data: Record<string, unknown>;
  settledAt: number;
}

/** All billed generations. */
export interface Ledger {
  /** Creates a generation with a new id. */
  open(generation: Pick<Generation, "account" | "apiType" | "streamed" | "origin">): Generation;
  /** Bills a finished generation. */
  settle(generation: Generation, settlement: Settlement): void;
  /** Finds a billed generation, in the form of `/generation`. */
  find(id: string): Settled | undefined;
  /** Returns the total of an account, or of all accounts. */
  bill(account?: string): Bill;
}

/** How many generations are kept. Older ones are forgotten, but not their cost. */
const MAX_GENERATIONS = 1_000;

/** Creates an empty ledger. */
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

/** Returns the highest possible cost of a request, in USD. */
export function toHighestCost(model: Model, promptTokens: number, maxTokens: number): number {
  return (promptTokens * model.price.prompt + maxTokens * toHighestPrice(model)) / NANO;
}

/** Returns how many output tokens an amount buys, after the prompt is paid. */
export function toAffordableTokens(model: Model, promptTokens: number, usd: number): number {
  const left = usd * NANO - promptTokens * model.price.prompt;
  return Math.max(0, Math.floor(left / Math.max(toHighestPrice(model), 1)));
}

function toHighestPrice({ price }: Model): number {
  return Math.max(price.completion, price.image ?? 0);
}

/** Returns the field `usage` of a response. */
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

/** Returns what is billed when the connection was closed after `delivered` output tokens. */
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
  const { promptTokens, completionTokens, imageTokens = 0, searchResults = 0, units = 0 } =
    spending;
  const prompt = promptTokens * price.prompt + units * (price.unit ?? 0);
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
