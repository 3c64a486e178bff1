/** Converts OpenRouter's models to the entries of the deprecated catalogue. */
import type { AIModelSchema } from "@insforge/shared-schemas";

const MODALITIES = ["text", "image", "audio", "video", "file", "embeddings"];
const COMPANIES = ["openai", "anthropic", "google", "amazon"];

interface Model {
  id: string;
  created?: number;
  architecture?: { input_modalities?: string[]; output_modalities?: string[] };
  pricing?: { prompt: string; completion: string };
}

/**
 * Converts a list of models, sorted by company and name. Models without an input or an output
 * modality are left out.
 *
 * @throws {TypeError} when the response is not a list of models.
 */
export function toModels(answer: unknown): AIModelSchema[] {
  if (typeof answer !== "object") throw new TypeError("not a list of models");
  const { data } = answer as { data?: Model[] };
  return (data ?? []).map(toModel)
    .filter(({ inputModality, outputModality }) => inputModality.length && outputModality.length)
    .sort((a, b) => toRank(a.id) - toRank(b.id) || a.id.localeCompare(b.id));
}

function toModel({ id, created, architecture, pricing }: Model): AIModelSchema {
  const inputModality = toModalities(architecture?.input_modalities);
  const outputModality = toModalities(architecture?.output_modalities);
  const readsTokens = inputModality.some((kind) => ["text", "file", "embeddings"].includes(kind));
  const writesTokens = outputModality.includes("text");
  const inputPrice = pricing && readsTokens ? toPrice(pricing.prompt) : undefined;
  const outputPrice = pricing && writesTokens ? toPrice(pricing.completion) : undefined;
  return {
    id,
    created,
    modelId: id,
    provider: "openrouter",
    inputModality,
    outputModality,
    inputPrice,
    outputPrice,
    inputPriceLabel: toLabel(inputPrice),
    outputPriceLabel: toLabel(outputPrice),
  };
}

/** Sorts known modalities first, then the others by name, without blanks and duplicates. */
function toModalities(names: string[] = []): AIModelSchema["inputModality"] {
  const unique = [...new Set(names.filter((name) => name.trim()))];
  const rank = (name: string) => MODALITIES.indexOf(name) + 1 || MODALITIES.length + 1;
  return unique.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)) as [];
}

/** The rank of the company, which is the first part of a model's id. */
function toRank(id: string): number {
  const [company = ""] = id.split("/");
  return COMPANIES.indexOf(company.toLowerCase()) + 1 || COMPANIES.length + 1;
}

/** Converts USD per token to USD per million tokens, to six decimals; -1 means unknown. */
function toPrice(perToken: string): number {
  const perMillion = (parseFloat(perToken) || 0) * 1e6;
  return Math.max(0, Math.round(perMillion * 1e6) / 1e6);
}

function toLabel(price: number | undefined): string | undefined {
  if (price === undefined) return undefined;
  if (price === 0) return "Free";
  return `$${price.toFixed(price < 0.01 ? 4 : price < 1 ? 2 : 1)} / M tokens`;
}
