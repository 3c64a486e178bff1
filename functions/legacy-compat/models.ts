/** The deprecated catalogue of models: one flat list with prices per million tokens. */
import type { AIModelSchema } from "@insforge/shared-schemas";
import type { Call } from "../../shared/http/call.ts";
import { ApiError } from "../../shared/errors.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";
import { chooseGateway } from "../../shared/gateway/gateway.ts";
import { requestLenient } from "./lenient.ts";
import type { Evidence } from "../../shared/gateway/failures.ts";

const FRESH_MS = 60 * 60 * 1_000;
const PAUSE_MS = 5_000;
const MODALITIES = ["text", "image", "audio", "video", "file", "embeddings"];
const COMPANIES = ["openai", "anthropic", "google", "amazon"];

interface Model {
  id: string;
  created?: number;
  architecture?: { input_modalities?: string[]; output_modalities?: string[] };
  pricing?: { prompt: string; completion: string };
}

/** The cached models of a gateway. It only saves calls: an empty cache is correct, too. */
interface Catalogue {
  models?: AIModelSchema[];
  /**
   * Epoch milliseconds until which no request is sent: the models are fresh, or the gateway has
   * failed.
   */
  until: number;
}

const catalogues = new Map<string, Catalogue>();

/**
 * Lists the allowed models that have input and output modalities, those of OpenAI, Anthropic,
 * Google and Amazon first. The list is cached for an hour. When the gateway fails, an older list is
 * served, and the next request is sent 5 s later.
 *
 * @throws {ApiError} 503 `AI_UPSTREAM_UNAVAILABLE` when there is no list to serve.
 */
export async function listLegacyModels(call: Call): Promise<AIModelSchema[]> {
  const allowed = call.settings.ALLOWED_MODELS;
  return (await readCatalogue(call)).filter(({ id }) => isAllowedModel(id, allowed));
}

async function readCatalogue(call: Call): Promise<AIModelSchema[]> {
  const gateway = chooseGateway(call.settings).url;
  const { models: known, until } = catalogues.get(gateway) ?? { until: 0 };
  if (Date.now() < until) {
    if (known) return known;
    throw unavailable();
  }
  try {
    const models = toModels(await requestLenient(call, "/models?output_modalities=all"));
    catalogues.set(gateway, { models, until: Date.now() + FRESH_MS });
    return models;
  } catch (thrown) {
    const failure = toFailure(thrown);
    catalogues.set(gateway, { models: known, until: Date.now() + PAUSE_MS });
    if (known) return known;
    throw failure;
  }
}

/**
 * Converts a failure of the gateway, or a list of an unknown shape; other errors are thrown again.
 */
function toFailure(thrown: unknown): ApiError {
  if (!(thrown instanceof ApiError)) return unavailable();
  const isEvidence = Object(thrown.cause as Partial<Evidence>).status !== undefined;
  if (!isEvidence && thrown.code !== "AI_UPSTREAM_UNAVAILABLE") throw thrown;
  return unavailable();
}

function unavailable(): ApiError {
  const message = "Upstream AI models catalog is temporarily unavailable.";
  return new ApiError(503, "AI_UPSTREAM_UNAVAILABLE", message);
}

function toModels(answer: unknown): AIModelSchema[] {
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
