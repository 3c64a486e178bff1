/** What the API reference says of `summarize-records`, beside its schema and its answer's type. */
import type { Reference } from "../../tools/reference/operation.ts";
import { summaryRequest } from "./query.ts";

export const reference = {
  operations: {
    "POST /": {
      summary: "A summary of the rows that the user may read, and of no others",
      request: summaryRequest,
      answer: "SummaryAnswer",
      events: "SummaryStart | Chunk | StreamError",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "Open tickets": {
          request: {
            table: "support_tickets",
            columns: ["subject", "status"],
            filters: [{ column: "status", op: "eq", value: "open" }],
            order: { column: "created_at", ascending: false },
            limit: 20,
            instructions: "What do customers complain about?",
          },
          answer: {
            summary: "Most of the 20 open tickets are about late deliveries and torn bags.",
            table: "support_tickets",
            rows_read: 20,
            truncated: true,
            chunks: 1,
            model: "openai/gpt-4o-mini",
            usage: {
              prompt_tokens: 266,
              completion_tokens: 35,
              total_tokens: 301,
              cost: 0.0000609,
            },
          },
        },
        "A stream": {
          request: { table: "support_tickets", limit: 20, stream: true },
          answer: [
            {
              summary: { table: "support_tickets", rows_read: 20, truncated: true, chunks: 1 },
              choices: [],
            },
            {
              id: "gen-1795278388-6cd023a8741e4a8e97f4",
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "Most" }, finish_reason: null }],
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
        "No rows": {
          request: {
            table: "support_tickets",
            filters: [{ column: "status", op: "eq", value: "lost" }],
          },
          answer: {
            summary: 'There are no rows in "support_tickets" that match and that you may read',
            table: "support_tickets",
            rows_read: 0,
            truncated: false,
            chunks: 0,
            model: null,
            usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 },
          },
        },
        "A table that is not there": {
          request: { table: "no_such_table" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"table" names no table that can be read: "no_such_table"',
            statusCode: 400,
          },
        },
      },
    },
  },
} satisfies Reference;
