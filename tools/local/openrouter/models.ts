/** How a request finds a simulated model. */
import type { Model } from "./model.ts";
import { MODELS } from "./model_list.ts";
import { noEndpoints } from "./refusal.ts";

/** Names that stand for a model. The response names the model itself. */
const ALIASES = new Map([
  ["anthropic/claude-sonnet-4-6", "anthropic/claude-sonnet-4.6"],
  ["openrouter/auto", "openai/gpt-4o-mini"],
  ["openrouter/free", "meta-llama/llama-3.3-70b-instruct:free"],
  ["~anthropic/claude-sonnet-latest", "anthropic/claude-sonnet-4.5"],
  ["~openai/gpt-latest", "openai/gpt-5"],
]);

/** Variants that change how a provider is chosen. There is only one provider here. */
const VARIANTS = ["nitro", "floor", "exacto", "extended", "thinking", "online"];

/** Providers that stop, and stop billing, when the request is aborted. */
const STOPPING_PROVIDERS = ["OpenAI", "Anthropic", "DeepSeek", "DeepInfra", "Mancer"];

/** All models, including the free variants. */
export function listModels(): Model[] {
  return MODELS.flatMap((model) => model.free ? [model, toFree(model)] : [model]);
}

/**
 * Finds a model by the name in a request: its id, optionally with a variant, or an alias.
 *
 * @throws {Refusal} 404 when the model has no free variant.
 */
export function findModel(name: string): Model | undefined {
  const [id, variant] = (ALIASES.get(name) ?? name).split(":");
  const model = MODELS.find((model) => model.id === id);
  if (!model || variant === undefined || VARIANTS.includes(variant)) return model;
  if (variant !== "free") return undefined;
  if (!model.free) throw noEndpoints(`No endpoints found for ${name}.`);
  return toFree(model);
}

/** Whether the provider stops when the request is aborted. */
export function stopsOnCancel({ provider }: Model): boolean {
  return STOPPING_PROVIDERS.includes(provider);
}

function toFree(model: Model): Model {
  const price = { prompt: 0, completion: 0 };
  return { ...model, id: `${model.id}:free`, name: `${model.name} (free)`, price };
}
