/** OpenRouter's reranking API: documents in the order of their relevance. */
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { TokenUsage } from "../token_usage.ts";
import { requestJson } from "./call.ts";

/** A document with its relevance. */
export interface RankedDocument {
  /** The document's place in the request, from 0. */
  index: number;
  /** Higher is more relevant; comparable within one response. */
  relevance_score: number;
}

/** The response of OpenRouter's `/rerank`. */
export interface Ranking {
  /** The most relevant document first. */
  results: RankedDocument[];
  /** The model that was used, when the gateway says so. */
  model?: string;
  /** Tokens or searches, and the cost. */
  usage?: Partial<TokenUsage> & { search_units?: number };
}

/**
 * Ranks documents by their relevance to a query.
 *
 * @param params `model`, `query`, `documents` and OpenRouter's other fields.
 * @throws {ApiError} as the docs' table of errors says; 502 for a response without a ranking of these
 *   documents.
 * @see https://openrouter.ai/docs/api-reference/rerank
 */
export async function createRanking(
  call: Call,
  params: Fields & { documents: unknown[] },
): Promise<Ranking> {
  const { length } = params.documents;
  const isRanked = (result: RankedDocument | null) =>
    Number.isInteger(result?.index) && result!.index >= 0 && result!.index < length &&
    Number.isFinite(result!.relevance_score);
  const operation = { path: "/rerank", params };
  const ranking = await requestJson<Ranking>(call, operation, (response, error) => {
    if (error) throw error;
    const { results } = response;
    if (!Array.isArray(results) || results.length === 0 || !results.every(isRanked)) {
      throw unusable("The AI provider responded without a ranking of the documents");
    }
  });
  const byRelevance = (a: RankedDocument, b: RankedDocument) =>
    b.relevance_score - a.relevance_score;
  return { ...ranking, results: ranking.results.toSorted(byRelevance) };
}
