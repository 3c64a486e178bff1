/** The API reference of `rerank`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { rerankRequest } from "../../shared/request/rerank_request.ts";

const DESCRIPTION = `\
A reranker reads the query together with each document, so its order is better than that of \
vectors. Use it on the best matches of a search.

An empty document is a 400. Limits: 1,000 documents, 1 MiB, 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Ranks documents by their relevance to a query",
      request: rerankRequest,
      answer: "RerankAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "The best two of three": {
          request: {
            query: "Where can I buy bread?",
            documents: ["A ferry at dawn", "A bakery on a hill", "A shop that sells bread"],
            top_n: 2,
          },
          answer: {
            results: [
              { index: 2, relevance_score: 0.71, document: "A shop that sells bread" },
              { index: 1, relevance_score: 0.42, document: "A bakery on a hill" },
            ],
            model: "cohere/rerank-v3.5",
            usage: { search_units: 1, cost: 0.002 },
          },
        },
        "Documents as objects": {
          request: { query: "bread", documents: [{ text: "A bakery" }, { text: "A ferry" }] },
        },
        "An empty document": {
          request: { query: "bread", documents: ["A bakery", ""] },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"documents[1]" must not be empty',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
