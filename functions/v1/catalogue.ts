/** OpenRouter's models in OpenAI's form. https://platform.openai.com/docs/api-reference/models */
import {
  type Assistant,
  listAssistants,
  toAssistantModel,
} from "../../shared/assistants/assistant.ts";
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { Call } from "../../shared/http/call.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import {
  fetchCatalogue,
  listModels,
  type Model,
  type ModelList,
} from "../../shared/openrouter/models.ts";
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
 * Lists the app's assistants, as models `assistant/<name>`, and the gateway's models that the project
 * allows. With a filter the assistants are left out, with `ASSISTANTS_ONLY` the models.
 *
 * @param query the query of the request: OpenRouter's filters, and `offset` and `limit`, which count
 *   the allowed models alone.
 * @throws {ApiError} 400 `INVALID_INPUT` for a page that is not possible; otherwise as `listModels`.
 */
export async function readModels(call: Call, query: URLSearchParams): Promise<OpenAIModelList> {
  const { route: _, offset, limit, use_rss, ...filters } = Object.fromEntries(query);
  if (use_rss !== undefined) throw invalidInput('"use_rss" must be left out; the list is JSON');
  const isFiltered = Object.keys(filters).length > 0;
  const { data, ...list } = await listUsableModels(call, filters);
  const allowed = [...isFiltered ? [] : listAssistants().map(toAssistantEntry), ...data];
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

/** The models that callers may name; with `ASSISTANTS_ONLY` none, and the gateway is not asked. */
async function listUsableModels(
  call: Call,
  filters: Record<string, string>,
): Promise<ModelList> {
  const { ASSISTANTS_ONLY, ALLOWED_MODELS } = call.settings;
  if (ASSISTANTS_ONLY) return { data: [] };
  const list = await listModels(call, filters);
  return { ...list, data: list.data.filter(({ id }) => isAllowedModel(id, ALLOWED_MODELS)) };
}

/** An assistant as a model, so that clients can offer it. */
function toAssistantEntry(assistant: Assistant): Model {
  const { name, description } = assistant;
  return { id: toAssistantModel(assistant), name, ...description !== undefined && { description } };
}

/**
 * Reads one model's entry in the list.
 *
 * @throws {ApiError} 404 `AI_INVALID_MODEL` when the list has no model with this id.
 */
export async function readModel(call: Call, id: string): Promise<OpenAIModel> {
  const { data } = await readModels(call, new URLSearchParams());
  const model = data.find((model) => model.id === id);
  if (!model) throw unknownModel(id);
  return model;
}

/** How many models the project allows. */
export interface ModelCount {
  data: { count: number };
}

/** What the gateway says about one model, in OpenRouter's form. */
export interface ModelDetails {
  /** The model; for its endpoints also the providers that serve it, with their prices and speed. */
  data: Model & { endpoints?: unknown[] };
}

/** A model as it stands in a path. */
interface ModelPath {
  author: string;
  slug: string;
  /** `endpoints` for the providers that serve it. */
  part?: "endpoints";
}

/** The characters of OpenRouter's names. Any others could lead to another path of the gateway. */
const NAME = /^[\w~@:+-][\w.~@:+-]*$/;

/**
 * Reads one model from the gateway, which resolves aliases and variants, or its endpoints.
 *
 * @throws {ApiError} 404 `AI_INVALID_MODEL` when the gateway has no such model or the project does not
 *   allow it; 400 `INVALID_INPUT` when the gateway does not describe single models; otherwise as the
 *   docs' table of errors says.
 */
export async function readDetails(
  call: Call,
  { author, slug, part }: ModelPath,
): Promise<ModelDetails> {
  const id = `${author}/${slug}`;
  if (!NAME.test(author) || !NAME.test(slug)) throw unknownModel(id);
  const path = part ? `/models/${id}/${part}` : `/model/${id}`;
  return await fetchCatalogue<ModelDetails>(call, path, (response, error) => {
    if (error) throw error;
    const { data } = response;
    if (typeof data?.id !== "string") throw unusable("The AI provider responded without a model");
    if (!isAllowedModel(data.id, call.settings.ALLOWED_MODELS)) throw unknownModel(id);
  }).catch((failure) => {
    throw failure.code === "AI_INVALID_MODEL" ? unknownModel(id) : failure;
  });
}

function unknownModel(id: string): ApiError {
  return new ApiError(404, "AI_INVALID_MODEL", `There is no model "${id}"`);
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
