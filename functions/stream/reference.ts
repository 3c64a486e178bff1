/** What the API reference says of `stream`, beside its schema. */
import { chatRequest } from "../../shared/request/chat_request.ts";
import type { Reference } from "../../tools/reference/operation.ts";

export const reference = {
  operations: {
    "POST /": {
      summary: "The answer as it is written, token by token",
      request: chatRequest,
      events: "Chunk | StreamError",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A prompt": {
          request: { prompt: "Three names for a bakery on a hill?" },
          answer: [
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "Hilltop" }, finish_reason: null }],
            },
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "" }, finish_reason: "stop" }],
              usage: {
                prompt_tokens: 12,
                completion_tokens: 14,
                total_tokens: 26,
                cost: 0.0000102,
              },
            },
            "[DONE]",
          ],
        },
        "A failure on the way": {
          request: {
            prompt: "Three names for a bakery on a hill?",
            simulate: { fail: "event", after: 1 },
          },
          answer: [
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "Hilltop" }, finish_reason: null }],
            },
            {
              error: {
                code: "AI_UPSTREAM_UNAVAILABLE",
                message: "The AI provider failed or could not be reached",
              },
              choices: [],
            },
          ],
        },
        "One piece, which another function answers": {
          request: { prompt: "Hello", stream: false },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"stream" must be true here; the function "chat" answers in one piece',
            statusCode: 400,
          },
        },
      },
    },
  },
} satisfies Reference;
