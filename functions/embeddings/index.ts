/** Embeds texts as vectors of numbers. https://openrouter.ai/docs/api-reference/embeddings */
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import type { LateSchema } from "../../shared/http/body.ts";
import { withModels } from "../../shared/openrouter/with_models.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";
import type { EmbeddingsRequest } from "./schema.ts";

/** A request for vectors of texts, with at most a model beside them, is usual. */
export const embeddingsBody: LateSchema<EmbeddingsRequest> = {
  isUsual(value) {
    const { input, model, ...others }: Fields = Object(value);
    const texts = Array.isArray(input) ? input : [input];
    return texts.length > 0 && texts.every(isText) && (model === undefined || isText(model)) &&
      Object.keys(others).length === 0;
  },
  load: async () => (await import("./schema.ts")).embeddingsRequest,
};

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

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

const config = { slug: "embeddings", body: embeddingsBody };

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
