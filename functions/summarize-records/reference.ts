/** The API reference of `summarize-records`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { summaryRequest } from "./query.ts";

const DESCRIPTION = `\
The function reads rows as the caller, so row-level security applies. Rows are marked as data in \
the prompt, so that nothing written in them counts as an instruction.

Rows that do not fit into one prompt are summarized in up to 20 chunks, four at a time, and these \
notes are made into one summary. A chunk is as large as the model's context length allows, and has \
at most 400 kB; 100 kB where the context length is unknown. When no row can be read, the response says so: \`rows_read\` is \
0 and no model is called.

Columns of binary data, vectors and text search data are left out unless \`columns\` names them; \
\`omitted_columns\` lists them. Names of tables and columns may have any characters but double \
quotes. A filter with \`"op": "is_not", "value": null\` keeps rows that have a value; in \`eq\`, \`neq\`, \
\`contains\`, \`contained_by\` and \`overlaps\` an array stands for a PostgreSQL array and an object for JSON.

InsForge rounds numbers beyond 2^53, such as some \`bigint\` and \`numeric\`: summarize a view \
that casts them to text. In a filter such a number must be a text.

With \`stream: true\` and several chunks, an event \`{ "progress": { done, of }, "choices": [] }\` follows \
each chunk. Then comes \`{ "summary": { table, rows_read, truncated, chunks, \
omitted_columns, usage }, "choices": [] }\`, and the stream of the summary, as from \`stream\`. Clients of \
chunks skip events whose \`choices\` are empty. A failure before the first event has a status.

A table or column that does not exist is a 400; one that the user has no right to is a 403. \
Limits: 1 MiB, 55 seconds.`;

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Summarizes the rows that the caller may read",
      request: summaryRequest,
      answer: "SummaryAnswer",
      events: "SummaryProgress | SummaryStart | Chunk | StreamError",
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
              summary: {
                table: "support_tickets",
                rows_read: 20,
                truncated: true,
                chunks: 1,
              },
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
        "A table that does not exist": {
          request: { table: "no_such_table" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"table" must exist and be readable; there is no "no_such_table"',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
  },
} satisfies Reference;
