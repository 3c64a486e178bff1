/** The gateway's catalogue of models. */
import { unusable } from "../gateway/failures.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import type { Call } from "../http/call.ts";
import { type Fetching, fetchJson, type Judge } from "./json_responses.ts";

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

/** How long a list counts as current, milliseconds. */
const FRESH_MS = 5 * 60_000;
/** How long a list is served stale while a newer one is fetched, milliseconds. */
const STALE_MS = 24 * 60 * 60_000;
/** Lists that are kept at a time: callers may filter in any number of ways. */
const MAX_KEPT = 20;

const WHOLE_LIST = "/models?output_modalities=all";

/** The lists by their URLs. They only save time: an empty cache is correct, too. */
const kept = new Map<string, { list: ModelList; fetchedAt: number }>();
/** The URLs of the lists that are being refreshed. */
const refreshing = new Set<string>();

/** Statuses of failures that blame the caller's account or the size of the request. */
const BLAMING = new Set([402, 403, 413]);

/**
 * Fetches a part of the gateway's catalogue. The request is small and costs nothing, so a failure that
 * blames the caller's account or the size of the request is a fault of the gateway.
 *
 * @param path the path below the gateway's URL, with its query.
 * @throws {ApiError} 502 `AI_UPSTREAM_UNAVAILABLE` when the gateway responds with 402, 403 or 413;
 *   otherwise as `fetchJson`.
 */
export async function fetchCatalogue<T>(
  call: Fetching,
  path: string,
  judge: Judge<T>,
): Promise<T> {
  return await fetchJson(call, path, judge).catch((failure) => {
    throw BLAMING.has(failure.status) ? unusable(failure.message) : failure;
  });
}

/** What the list of models needs of its call. With `atEnd`, an old list is refreshed later. */
export type Listing = Fetching & Partial<Pick<Call, "atEnd" | "log">>;

/**
 * Lists the gateway's models, including those that generate images, audio or vectors. A list older
 * than five minutes is refreshed: after the response when the call can wait for that, otherwise, and
 * when the list is older than a day, before it.
 *
 * @param filters query parameters of OpenRouter's list, such as `category`.
 * @throws {ApiError} 400 `INVALID_INPUT` for filters that the gateway does not have; otherwise as the
 *   docs' table of errors says.
 * @see https://openrouter.ai/docs/api-reference/list-available-models
 */
export async function listModels(
  call: Listing,
  filters: Record<string, string> = {},
): Promise<ModelList> {
  const path = `/models?${new URLSearchParams({ output_modalities: "all", ...filters })}`;
  const key = chooseGateway(call.settings).url + path;
  const known = kept.get(key);
  const ageMs = known ? Date.now() - known.fetchedAt : Infinity;
  if (!known || ageMs > STALE_MS || ageMs > FRESH_MS && !call.atEnd) {
    return await refresh(call, path, key);
  }
  if (ageMs > FRESH_MS && !refreshing.has(key)) refreshLater(call, path, key);
  return known.list;
}

async function refresh(call: Fetching, path: string, key: string): Promise<ModelList> {
  const response = await fetchCatalogue<ModelList>(call, path, (response, error) => {
    if (error) throw error;
    if (!Array.isArray(response.data)) {
      throw unusable("The AI provider responded without a list of models");
    }
  }).catch((thrown) => {
    // Without filters nothing in the request comes from the caller, whom a 400 would blame.
    throw path === WHOLE_LIST && thrown.status === 400 ? unusable(thrown.message) : thrown;
  });
  const data = response.data.filter((model) => typeof model?.id === "string");
  const list = { ...response, data };
  keep(key, list);
  return list;
}

/** Refreshes a list once the caller has the response. */
function refreshLater(call: Listing, path: string, key: string): void {
  refreshing.add(key);
  call.atEnd?.(async () => {
    try {
      await refresh(call, path, key);
    } catch (failure) {
      if (call.log) {
        call.log.notice = `The list of models was not refreshed: ${(failure as Error).message}`;
      }
    } finally {
      refreshing.delete(key);
    }
  });
}

function keep(key: string, list: ModelList): void {
  kept.delete(key); // so that it becomes the newest
  kept.set(key, { list, fetchedAt: Date.now() });
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
}
