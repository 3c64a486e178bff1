/** The API reference of `embeddings`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { embeddingsRequest } from "./schema.ts";

const DESCRIPTION = `\
The vectors come in the order of the texts. Texts are sent to OpenRouter in batches of 100, four \
at a time.

An empty text is a 400, and so are \`dimensions\` that the model does not have. Limits: 1 MiB, 55 \
seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Turns each text into a vector",
      request: embeddingsRequest,
      answer: "EmbeddingsAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A text": { request: { input: "A bakery on a hill" } },
        "Several texts, short vectors": {
          request: { input: ["A bakery on a hill", "A ferry at dawn"], dimensions: 3 },
          answer: {
            embeddings: [[-0.5626, 0.6058, -0.5626], [0.7379, 0.3553, 0.5739]],
            model: "openai/text-embedding-3-small",
            dimensions: 3,
            usage: { prompt_tokens: 9, completion_tokens: 0, total_tokens: 9, cost: 1.8e-7 },
          },
        },
        "An empty text": {
          request: { input: ["A bakery on a hill", ""] },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"input[1]" must not be empty',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
