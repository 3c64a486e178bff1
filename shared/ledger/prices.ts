/** The gateway's price catalogue, as the ledger keeps it. */
import type { Fields } from "../fields.ts";
import { callRoutine } from "../insforge/admin.ts";
import type { Settings } from "../settings.ts";
import { toLedgerName } from "./charge.ts";

/** One model's prices, USD per token, input image or request. */
export interface ModelPrices {
  /** The model's id, or another name of it. */
  model: string;
  /** Per prompt token: the highest of its kinds, such as audio or a written cache. */
  prompt_usd: number;
  /** Per completion token: the highest of its kinds, such as reasoning or images. */
  completion_usd: number;
  /** Per input image. */
  image_usd: number;
  /** Per request. */
  request_usd: number;
  /** From so many prompt tokens on, the long prices count. */
  long_prompt_tokens?: number;
  /** Per token of a long prompt. */
  long_prompt_usd?: number;
  /** Per completion token after a long prompt. */
  long_completion_usd?: number;
  /** Whether the model reads files itself, so that no plugin is paid to parse them. */
  reads_files: boolean;
}

/** What a prompt token may cost, by the names of OpenRouter's catalogue. */
const PROMPT_PRICES = ["prompt", "audio", "input_cache_write", "input_cache_write_1h"];
const COMPLETION_PRICES = [
  ...["completion", "internal_reasoning", "image_token", "image_output", "audio_output"],
];
const SAVE_TIMEOUT_MS = 5_000;

/**
 * Stores the gateway's prices in the ledger, which uses them for all holds and estimates.
 *
 * @param models the `data` of the gateway's `/models`; undefined when the gateway did not respond, so
 *   that the ledger asks again after 5 minutes.
 * @throws {ApiError} as `callRoutine`.
 */
export async function savePrices(models: unknown, settings: Settings): Promise<void> {
  await callRoutine("ai_save_prices", { prices: toPrices(models) }, settings, {
    timeoutMs: SAVE_TIMEOUT_MS,
  });
}

/** The prices of the models that state any; a router's price is not known beforehand. */
export function toPrices(models: unknown): ModelPrices[] {
  return (Array.isArray(models) ? models : []).flatMap((model) => {
    const prices = toModelPrices(Object(model));
    if (!prices) return [];
    const alias = toLedgerName(Object(model).canonical_slug);
    return alias && alias !== prices.model ? [prices, { ...prices, model: alias }] : [prices];
  });
}

function toModelPrices({ id, pricing, architecture }: Fields): ModelPrices | undefined {
  const model = toLedgerName(id);
  const prices = Object(pricing) as Fields;
  const prompt = toPrice(prices.prompt);
  const completion = toPrice(prices.completion);
  if (!model || prompt === undefined || completion === undefined) return undefined;
  const { input_modalities: inputs, output_modalities: outputs } = Object(architecture) as Fields;
  const found: ModelPrices = {
    model,
    ...toTokenPrices(prices),
    image_usd: toPrice(prices.image) ?? 0,
    request_usd: toPrice(prices.request) ?? 0,
    ...toLongPrices(prices.overrides),
    reads_files: includes(inputs, "file"),
  };
  const { prompt_usd, completion_usd, image_usd, request_usd } = found;
  const isFree = prompt_usd + completion_usd + image_usd + request_usd === 0;
  // Models that draw without a listed price are billed by the image all the same.
  return isFree && includes(outputs, "image") && !model.endsWith(":free") ? undefined : found;
}

function toTokenPrices(prices: Fields): { prompt_usd: number; completion_usd: number } {
  const highest = (names: string[]) =>
    Math.max(0, ...names.map((name) => toPrice(prices[name]) ?? 0));
  return { prompt_usd: highest(PROMPT_PRICES), completion_usd: highest(COMPLETION_PRICES) };
}

/** The prices of the longest prompts. */
function toLongPrices(overrides: unknown): Partial<ModelPrices> {
  const long = (Array.isArray(overrides) ? overrides : [])
    .filter((override) => Number.isInteger(override?.min_prompt_tokens));
  if (long.length === 0) return {};
  const prices = long.map(toTokenPrices);
  return {
    long_prompt_tokens: Math.min(...long.map(({ min_prompt_tokens }) => min_prompt_tokens)),
    long_prompt_usd: Math.max(...prices.map(({ prompt_usd }) => prompt_usd)),
    long_completion_usd: Math.max(...prices.map(({ completion_usd }) => completion_usd)),
  };
}

/** USD; undefined for a negative number, which stands for a price that is not fixed. */
function toPrice(text: unknown): number | undefined {
  if (typeof text !== "string" && typeof text !== "number" || text === "") return undefined;
  const price = Number(text);
  return price >= 0 && price < 1e6 ? price : undefined;
}

function includes(list: unknown, word: string): boolean {
  return Array.isArray(list) && list.includes(word);
}
