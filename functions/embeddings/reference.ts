/** What the API reference says of `embeddings`, beside its schema and its answer's type. */
import type { Reference } from "../../tools/reference/operation.ts";
import { embeddingsRequest } from "./index.ts";

export const reference = {
  operations: {
    "POST /": {
      summary: "One vector of numbers per text",
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
          },
        },
      },
    },
  },
} satisfies Reference;
