/** Ranks documents by their relevance to a query. https://openrouter.ai/docs/api-reference/rerank */
import { withModels } from "../../shared/openrouter/with_models.ts";
import { requireShortRanking, rerankRequest } from "../../shared/request/rerank_request.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** A document of the response. */
export interface RerankResult {
  /** The document's place in the request, from 0. */
  index: number;
  /** Higher is more relevant; comparable within one response. */
  relevance_score: number;
  /** The document as it was sent. */
  document: string | { text?: string; image?: string };
}

/** The response. */
export interface RerankAnswer {
  /** The most relevant document first. */
  results: RerankResult[];
  /** The model that was used. */
  model: string;
  /** Tokens or searches, and the cost. */
  usage?: Partial<TokenUsage> & { search_units?: number };
}

const config = { slug: "rerank", body: rerankRequest };

export default withModels(config, async ({ body, ai, settings }) => {
  const { documents, top_n = documents.length } = body;
  requireShortRanking(body, settings);
  const ranking = await ai.rerank(body);
  const results = ranking.results.slice(0, top_n).map(({ index, relevance_score }) => ({
    index,
    relevance_score,
    document: documents[index]!,
  }));
  const model = ranking.model ?? body.model ?? settings.OPENROUTER_RERANK_MODEL;
  return Response.json({ results, model, usage: ranking.usage } satisfies RerankAnswer);
});
