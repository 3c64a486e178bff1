/** The gateway's catalogue of models. */
import { unusable } from "../gateway/failures.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import { type Fetching, fetchJson } from "./json_responses.ts";

/** One of OpenRouter's models, with its prices and abilities. */
export interface Model {
  /** Such as `openai/gpt-4o-mini`. */
  id: string;
  /** Tokens of input and output together. */
  context_length?: number | null;
  /** Fields that differ between gateways. */
  [detail: string]: unknown;
}

/** A list of OpenRouter's models. */
export interface ModelList {
  /** The models, in the gateway's order. */
  data: Model[];
  /** Fields that differ between gateways. */
  [detail: string]: unknown;
}

/** How long a list is kept, milliseconds. */
const KEPT_MS = 5 * 60_000;
/** Lists that are kept at a time: callers may filter in any number of ways. */
const MAX_KEPT = 20;

/** The lists by their URLs. They only save time: an empty cache is correct, too. */
const kept = new Map<string, { list: ModelList; until: number }>();

/**
 * Lists the gateway's models, including those that generate images, audio or vectors. The list is up
 * to five minutes old.
 *
 * @param filters query parameters of OpenRouter's list, such as `category`.
 * @throws {ApiError} 400 `INVALID_INPUT` for filters that the gateway does not have; otherwise as the
 *   docs' table of errors says.
 * @see https://openrouter.ai/docs/api-reference/list-available-models
 */
export async function listModels(
  call: Fetching,
  filters: Record<string, string> = {},
): Promise<ModelList> {
  const path = `/models?${new URLSearchParams({ output_modalities: "all", ...filters })}`;
  const key = chooseGateway(call.settings).url + path;
  const known = kept.get(key);
  if (known && Date.now() < known.until) return known.list;
  const list = await fetchJson<ModelList>(call, path, (response, error) => {
    if (error) throw error;
    if (!Array.isArray(response.data)) {
      throw unusable("The AI provider responded without a list of models");
    }
  });
  const models = list.data.filter((model) => typeof model?.id === "string");
  keep(key, { ...list, data: models });
  return kept.get(key)!.list;
}

function keep(key: string, list: ModelList): void {
  kept.delete(key); // so that it becomes the newest
  kept.set(key, { list, until: Date.now() + KEPT_MS });
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
}
