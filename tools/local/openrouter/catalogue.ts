/** The lists of models. They need no key, and an invalid one is ignored. */
import { type Context, Hono } from "hono";
import type { Model } from "./model.ts";
import { findModel, listModels } from "./models.ts";
import { invalidRequest, noEndpoints } from "./refusal.ts";
import type { Env } from "./world.ts";

const CREATED = 1_740_000_000;
/** The highest number of rows that one page may contain or skip. */
const MAX_COUNT = 1_000;

/** Creates the routes of the lists, and those of a single model. */
export function createCatalogueRoutes(): Hono<Env> {
  const routes = new Hono<Env>();

  routes.get("/models", (c) => {
    const all = selectModels(new URL(c.req.url).searchParams);
    const offset = readCount(c, "offset", 0) ?? 0;
    const limit = readCount(c, "limit", 1) ?? all.length;
    const next = offset + limit < all.length
      ? `/api/v1/models?offset=${offset + limit}&limit=${limit}`
      : null;
    const data = all.slice(offset, offset + limit).map(toRow);
    return c.json({ data, total_count: all.length, links: { next } });
  });

  routes.get("/models/count", (c) => {
    const { length } = selectModels(new URL(c.req.url).searchParams);
    return c.json({ data: { count: length } });
  });

  routes.get("/model/:author/:slug", (c) => {
    return c.json({ data: toRow(requireModel(c.req.param("author"), c.req.param("slug"))) });
  });

  routes.get("/models/:author/:slug/endpoints", (c) => {
    const model = requireModel(c.req.param("author"), c.req.param("slug"));
    return c.json({ data: { ...toRow(model), endpoints: [toEndpoint(model)] } });
  });

  routes.get("/embeddings/models", (c) => c.json({ data: listOutput("embeddings") }));

  routes.get("/images/models", (c) => c.json({ data: listOutput("image").map(toImageRow) }));

  routes.get("/images/models/:author/:slug/endpoints", (c) => {
    const model = requireModel(c.req.param("author"), c.req.param("slug"));
    return c.json({ id: model.id, endpoints: [toEndpoint(model)] });
  });

  return routes;
}

function requireModel(author: string, slug: string): Model {
  const model = findModel(`${author}/${slug}`);
  if (!model) throw noEndpoints(`No model found for ${author}/${slug}`);
  return model;
}

/** Returns the models that this account may use: all with text output. */
export function listUserModels(): Record<string, unknown>[] {
  return listOutput("text");
}

function listOutput(modality: string): ReturnType<typeof toRow>[] {
  return listModels().filter(({ output }) => output.includes(modality)).map(toRow);
}

/** Selects by the query. Without `output_modalities` only text models are returned. */
function selectModels(query: URLSearchParams): Model[] {
  const list = (name: string) => query.get(name)?.split(",");
  const output = list("output_modalities") ?? ["text"];
  const input = list("input_modalities") ?? [];
  const parameters = list("supported_parameters") ?? [];
  const words = query.get("q")?.toLowerCase() ?? "";
  return listModels().filter((model) =>
    (output.includes("all") || output.some((modality) => model.output.includes(modality))) &&
    input.every((modality) => model.input.includes(modality)) &&
    parameters.every((parameter) => model.parameters.includes(parameter)) &&
    `${model.id} ${model.name}`.toLowerCase().includes(words)
  );
}

function readCount(c: Context<Env>, field: string, least: number): number | undefined {
  const value = c.req.query(field);
  if (value === undefined) return undefined;
  const count = Number(value);
  if (/^\d{1,4}$/.test(value) && count >= least && count <= MAX_COUNT) return count;
  throw invalidRequest(`Invalid "${field}"`);
}

function toRow(model: Model) {
  const { id, name, provider, input, output, context, maxOutput, reasoning } = model;
  return {
    id,
    canonical_slug: id,
    name,
    created: CREATED,
    description: `${name}, simulated. Answers are made by rules, on this machine.`,
    context_length: context,
    architecture: {
      modality: `${input.join("+")}->${output.join("+")}`,
      input_modalities: input,
      output_modalities: output,
      tokenizer: provider === "OpenAI" ? "GPT" : "Other",
      instruct_type: null,
    },
    pricing: toPricing(model),
    top_provider: {
      context_length: context,
      max_completion_tokens: maxOutput || null,
      is_moderated: false,
    },
    per_request_limits: null,
    supported_parameters: model.parameters,
    default_parameters: null,
    supported_voices: model.voices ?? null,
    ...(reasoning && {
      reasoning: {
        mandatory: reasoning.mandatory,
        supported_efforts: ["minimal", "low", "medium", "high"],
        default_effort: "medium",
        default_enabled: reasoning.mandatory,
        supports_max_tokens: true,
      },
    }),
    links: { details: `/api/v1/models/${id}/endpoints` },
  };
}

/** Prices in USD per token, as decimal strings. "-1" means that the price depends on the model chosen. */
function toPricing({ price, router }: Model): Record<string, string> {
  if (router) return { prompt: "-1", completion: "-1" };
  const toUsd = (nano: number) =>
    nano === 0 ? "0" : `0.${String(nano).padStart(9, "0")}`.replace(/0+$/, "");
  const pricing = {
    prompt: toUsd(price.prompt),
    completion: toUsd(price.completion),
    request: "0",
    image: "0",
  };
  return price.image ? { ...pricing, image_output: toUsd(price.image) } : pricing;
}

function toEndpoint(model: Model) {
  return {
    name: `${model.provider} | ${model.id}`,
    model_id: model.id,
    model_name: model.name,
    provider_name: model.provider,
    tag: model.provider.toLowerCase().replaceAll(" ", "-"),
    context_length: model.context,
    max_completion_tokens: model.maxOutput || null,
    max_prompt_tokens: null,
    pricing: toPricing(model),
    quantization: null,
    supported_parameters: model.parameters,
    supports_implicit_caching: false,
    supports_tool_choice: { auto: true, function: true, none: true, required: true },
    status: 0,
    uptime_last_5m: 100,
    uptime_last_30m: 100,
    uptime_last_1d: 100,
    latency_last_30m: null,
    throughput_last_30m: null,
  };
}

function toImageRow(row: ReturnType<typeof toRow>) {
  const { id, name, description, created, architecture, supported_parameters } = row;
  const endpoints = `/api/v1/images/models/${id}/endpoints`;
  return {
    ...{ id, name, description, created, architecture, supported_parameters },
    supports_streaming: id.startsWith("openai/"),
    endpoints,
  };
}
