/** Embeds texts as vectors of numbers. https://openrouter.ai/docs/api-reference/embeddings */
import * as z from "zod/mini";
import { invalidInput } from "../../shared/errors.ts";
import { withModels } from "../../shared/openrouter/with_models.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** What to embed; OpenRouter's other fields pass through. */
export const embeddingsRequest = z.looseObject({
  input: z.union([nonEmptyText, z.array(nonEmptyText).check(z.minLength(1))]),
  /** The setting `OPENROUTER_EMBEDDING_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  dimensions: z.optional(z.int().check(z.gte(1))),
  input_type: z.optional(nonEmptyText),
  encoding_format: z.optional(z.literal("float")),
});

/** A checked request for vectors. */
export type EmbeddingsRequest = z.infer<typeof embeddingsRequest>;

/** The response. */
export interface EmbeddingsAnswer {
  /** One vector per text, in the order of the texts. */
  embeddings: number[][];
  /** The model that was used. */
  model: string;
  /** Numbers in each vector. */
  dimensions: number;
  /** Tokens and cost of all texts. */
  usage: TokenUsage;
}

const config = { slug: "embeddings", body: embeddingsRequest };

export default withModels(config, async ({ body, ai, settings }) => {
  requireInputTokens({ input: body.input }, settings);
  const { data, model, usage } = await ai.embed(body);
  const embeddings = data.map(({ embedding }) => embedding);
  const dimensions = embeddings[0]!.length;
  if (body.dimensions && body.dimensions !== dimensions) {
    throw invalidInput(`"dimensions" must be ${dimensions} or left out for the model ${model}`);
  }
  const answer: EmbeddingsAnswer = { embeddings, model, dimensions, usage: usage as TokenUsage };
  return Response.json(answer);
});
