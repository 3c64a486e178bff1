/** Vectors of numbers for texts. https://openrouter.ai/docs/api-reference/embeddings */
import * as z from "zod/mini";
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { readBody } from "../../shared/http/body.ts";
import { mapConcurrently } from "../../shared/concurrency.ts";
import { nonEmptyText } from "../../shared/request/chat_request.ts";
import { requireInputTokens } from "../../shared/request/input_tokens.ts";
import { invalidInput } from "../../shared/errors.ts";
import { countBytes } from "../../shared/ledger/estimate.ts";
import { createEmbeddings } from "../../shared/openrouter/embeddings.ts";
import { planCalls } from "../../shared/ledger/bill.ts";
import { sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";

/** Texts per call: OpenAI takes 2048, other providers fewer. */
const BATCH_SIZE = 100;
const CONCURRENT_BATCHES = 4;

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

/** The answer. */
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

const { app, handler } = createApp("embeddings");
export default handler;

app.post("/", async (c) => {
  const call = c.env;
  await requireUser(call);
  const request = await readBody(call, embeddingsRequest);
  requireInputTokens({ input: request.input }, call.settings);
  const inputs = [request.input].flat();
  const batches = Array.from(
    { length: Math.ceil(inputs.length / BATCH_SIZE) },
    (_, i) => inputs.slice(i * BATCH_SIZE, (i + 1) * BATCH_SIZE),
  );
  const model = request.model ?? call.settings.OPENROUTER_EMBEDDING_MODEL;
  planCalls(call, batches.map(countBytes));
  const answers = await mapConcurrently(
    batches,
    CONCURRENT_BATCHES,
    (input) => createEmbeddings(call, { ...request, model, input }),
  );
  const embeddings = answers.flatMap(({ data }) => data.map(({ embedding }) => embedding));
  const dimensions = embeddings[0].length;
  if (request.dimensions && request.dimensions !== dimensions) {
    throw invalidInput(`"dimensions" must be ${dimensions} or left out for the model ${model}`);
  }
  const answer: EmbeddingsAnswer = {
    embeddings,
    model: answers[0].model,
    dimensions,
    usage: sumTokenUsage(answers.map(({ usage }) => usage)),
  };
  return c.json(answer);
});
