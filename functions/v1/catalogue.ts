/** OpenRouter's models in OpenAI's form. https://platform.openai.com/docs/api-reference/models */
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { Call } from "../../shared/http/call.ts";
import { listModels, type Model } from "../../shared/openrouter/models.ts";
import { isAllowedModel } from "../../shared/policy/models.ts";

/** A model with the fields that OpenAI's clients require, beside OpenRouter's. */
export interface OpenAIModel extends Model {
  object: "model";
  /** Seconds since 1970; 0 when the gateway does not say. */
  created: number;
  /** The first part of the id. */
  owned_by: string;
}

/** OpenAI's list of models. OpenRouter's own fields beside `data` are kept. */
export interface OpenAIModelList {
  object: "list";
  data: OpenAIModel[];
  /** The number of models on all pages. */
  total_count: number;
  /** The query of the next page, relative to this URL; null on the last one. */
  links: { next: string | null };
  [detail: string]: unknown;
}

const MAX_PAGE = 1_000;

/**
 * Lists the gateway's models that the project allows.
 *
 * @param query the query of the request: OpenRouter's filters, and `offset` and `limit`, which count
 *   the allowed models alone.
 * @throws {ApiError} 400 `INVALID_INPUT` for a page that is not possible; otherwise as `listModels`.
 */
export async function readModels(call: Call, query: URLSearchParams): Promise<OpenAIModelList> {
  const { route: _, offset, limit, use_rss, ...filters } = Object.fromEntries(query);
  if (use_rss !== undefined) throw invalidInput('"use_rss" must be left out; the list is JSON');
  const list = await listModels(call, filters);
  const allowed = list.data.filter(({ id }) => isAllowedModel(id, call.settings.ALLOWED_MODELS));
  const start = readCount("offset", offset, 0) ?? 0;
  const end = start + (readCount("limit", limit, 1) ?? allowed.length);
  const next = new URLSearchParams(query);
  next.set("offset", String(end));
  return {
    ...list,
    object: "list",
    data: allowed.slice(start, end).map(toOpenAIModel),
    total_count: allowed.length,
    links: { next: end < allowed.length ? `?${next}` : null },
  };
}

/**
 * Reads one model's entry in the list.
 *
 * @throws {ApiError} 404 `AI_INVALID_MODEL` when the list has no model with this id.
 */
export async function readModel(call: Call, id: string): Promise<OpenAIModel> {
  const { data } = await readModels(call, new URLSearchParams());
  const model = data.find((model) => model.id === id);
  if (!model) throw new ApiError(404, "AI_INVALID_MODEL", `There is no model "${id}"`);
  return model;
}

function toOpenAIModel(model: Model): OpenAIModel {
  const created = typeof model.created === "number" ? model.created : 0;
  return { owned_by: model.id.split("/")[0]!, ...model, object: "model", created };
}

function readCount(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (count >= least && count <= MAX_PAGE) return count;
  throw invalidInput(`"${name}" must be a whole number from ${least} to ${MAX_PAGE}`);
}
