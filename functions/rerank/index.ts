/** Ranks documents by their relevance to a query. https://openrouter.ai/docs/api-reference/rerank */
import * as z from "zod/mini";
import { withAi } from "../../shared/mod.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { imageUrl, nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

const document = z.looseObject({ text: z.optional(nonEmptyText), image: z.optional(imageUrl) })
  .check(
    z.refine(({ text, image }) => (text ?? image) !== undefined, "must have a text or an image"),
  );

/** What to rank; OpenRouter's other fields pass through. */
export const rerankRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  query: promptText,
  documents: z.array(z.union([nonEmptyText, document])).check(z.minLength(1), z.maxLength(1_000)),
  /** The setting `OPENROUTER_RERANK_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** How many documents to return; all unless given. */
  top_n: z.optional(z.int().check(z.gte(1))),
});

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

export default withAi(config, async ({ body, ai, settings }) => {
  const { query, documents, top_n = documents.length } = body;
  requireShort(query, "query", settings);
  requireInputTokens({ documents }, settings);
  const ranking = await ai.rerank(body);
  const results = ranking.results.slice(0, top_n).map(({ index, relevance_score }) => ({
    index,
    relevance_score,
    document: documents[index]!,
  }));
  const model = ranking.model ?? body.model ?? settings.OPENROUTER_RERANK_MODEL;
  return Response.json({ results, model, usage: ranking.usage } satisfies RerankAnswer);
});
