/** One model of the catalogue in the form that this function returns. */
import type { Model } from "../../shared/openrouter/models.ts";
import type { Fields } from "../../shared/fields.ts";

/** A model that the app allows. */
export interface ModelEntry {
  /** The name to send as `model`. */
  id: string;
  /** The name to show. */
  name: string;
  /** What the model is for, in the words of the gateway. */
  description?: string;
  /** When the model was added, seconds since 1970. */
  created?: number;
  /** Tokens of prompt and response together; null when unknown. */
  context_length: number | null;
  /** Tokens of a response; null when unknown. */
  max_output_tokens: number | null;
  /** What the model reads, such as `text` and `image`. */
  input_modalities: string[];
  /** What the model generates, such as `text`, `image`, `speech` or `embeddings`. */
  output_modalities: string[];
  /** The request fields that the model supports. */
  supported_parameters: string[];
  /** The values for `voice`, for models that speak. */
  voices?: string[];
  /** Whether text costs nothing. False when a price is unknown. */
  free: boolean;
  /** What the model costs. */
  prices: ModelPrices;
}

/** Prices in USD. */
export interface ModelPrices {
  /** Per million tokens of the prompt; null when unknown, for example for a router. */
  prompt: number | null;
  /** Per million tokens of the response; null when unknown. */
  completion: number | null;
  /** Other prices per million tokens, under OpenRouter's names, such as `input_cache_read`. */
  per_million?: Record<string, number>;
  /** Prices per piece, under OpenRouter's names, such as `request`, `image` and `web_search`. */
  per_unit?: Record<string, number>;
}

/** Prices that OpenRouter states per piece; all others are per token. */
const UNITS = new Set(["request", "image", "web_search"]);

/** Converts a row of the gateway's catalogue, in which any detail may be missing. */
export function toModelEntry(row: Model): ModelEntry {
  const { architecture, top_provider } = row;
  const { input_modalities, output_modalities } = Object(architecture) as Fields;
  const provider = Object(top_provider) as Fields;
  const prices = toPrices(Object(row.pricing));
  const output = toTexts(output_modalities);
  const voices = toTexts(row.supported_voices);
  return {
    id: row.id,
    name: typeof row.name === "string" ? row.name : row.id,
    ...(typeof row.description === "string" && { description: row.description }),
    ...(typeof row.created === "number" && { created: row.created }),
    context_length: toCount(row.context_length ?? provider.context_length),
    max_output_tokens: toCount(provider.max_completion_tokens),
    input_modalities: toTexts(input_modalities),
    output_modalities: output,
    supported_parameters: toTexts(row.supported_parameters),
    ...(voices.length > 0 && { voices }),
    free: isFree(prices, output),
    prices,
  };
}

function toPrices(pricing: Fields): ModelPrices {
  const perMillion: Record<string, number> = {};
  const perUnit: Record<string, number> = {};
  for (const [name, value] of Object.entries(pricing)) {
    const usd = toUsd(value);
    if (!usd || name === "prompt" || name === "completion" || name === "discount") continue;
    if (UNITS.has(name)) perUnit[name] = usd;
    else perMillion[name] = toPerMillion(usd);
  }
  const [prompt, completion] = [toUsd(pricing.prompt), toUsd(pricing.completion)];
  return {
    prompt: prompt === null ? null : toPerMillion(prompt),
    completion: completion === null ? null : toPerMillion(completion),
    ...(Object.keys(perMillion).length > 0 && { per_million: perMillion }),
    ...(Object.keys(perUnit).length > 0 && { per_unit: perUnit }),
  };
}

/** Videos and the like are priced in units that the catalogue does not state. */
function isFree({ prompt, completion, per_million, per_unit }: ModelPrices, output: string[]) {
  return prompt === 0 && completion === 0 && !per_million && !per_unit &&
    output.every((modality) => modality === "text");
}

/** A price; null when it is unknown. OpenRouter marks unknown prices with -1. */
function toUsd(value: unknown): number | null {
  const usd = typeof value === "number" || typeof value === "string" && value ? Number(value) : NaN;
  return usd >= 0 && usd < Infinity ? usd : null;
}

/** The product without the rounding error of binary fractions. */
function toPerMillion(usd: number): number {
  return Number((usd * 1e6).toPrecision(12));
}

function toCount(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}

function toTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
