/** The API reference of `ask-records`: what the schemas and types do not say. */
import type { Reference } from "../../tools/reference/operation.ts";
import { askRequest, indexRequest } from "./request.ts";

const DESCRIPTION = `\
The function searches a table that has a search index (\`docs/ask-records.md\`), as the caller, so \
row-level security applies. It gives the rows that it finds to a chat model, which answers from \
these rows alone. \`citations\` has the rows, the best one first; \`[1]\` in the answer is the first of \
them. Rows are marked as data in the prompt, so that nothing written in them counts as an instruction.

The search is hybrid: the similarity of vectors and the words of the question are merged by \
reciprocal rank fusion. A row counts when its similarity reaches \`match_threshold\`, or when it has \
all words of the question. When no row counts, the response says so and no chat model is called. \
\`similarity\` is null while a new or changed row waits for its vector.

Operators of \`filters\` are those of \`summarize-records\`. \`function\` names a routine of the app's own \
in place of \`table\`: \`match_…(query_embedding, match_count, match_threshold)\`, called as the caller. \
The question's vector is then made by \`OPENROUTER_EMBEDDING_MODEL\`.

With \`stream: true\` the first event is \`{ "citations": […], "choices": [] }\`; the stream of the \
answer follows, as from \`stream\`. Its usage is that of the answer, without the question's vector.

\`{ "index": "<table>" }\` makes the missing vectors of the rows that the caller may read, at the \
caller's expense.

\`POST /ask-records/index\` with the project's API key reads no body and works off the queues of all \
indexes, within 55 seconds; \`waiting\` is what is left for the next run. A user sends \`index\`, as to \
\`POST /ask-records\`. Limits: 1 MiB, 55 seconds, 20 rows per answer.`;

const CITATION = {
  id: 77,
  table: "support_tickets",
  similarity: 0.63,
  excerpt:
    "Charged twice for October\nI moved from monthly to the two-bag plan on the 12th and my " +
    "card was charged 27.50 EUR twice.",
};
const USAGE = { prompt_tokens: 322, completion_tokens: 18, total_tokens: 340, cost: 0.0000593 };
const ID = "gen-1795278388-6cd023a8741e4a8e97f4";

export const reference = {
  description: DESCRIPTION,
  operations: {
    "POST /": {
      summary: "Answers a question from the rows that the caller may read",
      request: askRequest,
      answer: "AskAnswer | IndexAnswer",
      events: "AskStart | Chunk | StreamError",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "A question": {
          request: { question: "Who was charged twice?", table: "support_tickets", match_count: 1 },
          answer: {
            answer: "The customer of ticket 77 was charged twice in October [1].",
            citations: [CITATION],
            model: "openai/gpt-4o-mini",
            usage: USAGE,
          },
        },
        "A stream": {
          request: {
            question: "Who was charged twice?",
            table: "support_tickets",
            filters: [{ column: "status", op: "eq", value: "open" }],
            stream: true,
          },
          answer: [
            { citations: [CITATION], choices: [] },
            {
              id: ID,
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "The customer" }, finish_reason: null }],
            },
            {
              id: ID,
              model: "openai/gpt-4o-mini",
              choices: [{ index: 0, delta: { content: "" }, finish_reason: "stop" }],
              usage: USAGE,
            },
            "[DONE]",
          ],
        },
        "Nothing found": {
          request: { question: "Who is the president of France?", table: "support_tickets" },
          answer: {
            answer: "I found nothing about this in the records that you may read",
            citations: [],
            model: null,
            usage: { prompt_tokens: 7, completion_tokens: 0, total_tokens: 7, cost: 1.4e-7 },
          },
        },
        "Own rows are indexed": {
          request: { index: "support_tickets" },
          answer: {
            indexed: 0,
            waiting: 0,
            refused: 0,
            usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 },
          },
        },
        "A table without an index": {
          request: { question: "Who was charged twice?", table: "no_such_table" },
          status: 400,
          answer: {
            error: "INVALID_INPUT",
            message: '"table" must be a table with a search index; "no_such_table" has none',
            statusCode: 400,
            nextActions: "Correct the request as the message says",
          },
        },
      },
    },
    "POST /index": {
      summary: "Makes the vectors of new and changed rows; for a schedule",
      caller: "administrator",
      request: indexRequest,
      answer: "IndexAnswer",
      errors: [400, 401, 402, 403, 413, 429, 500, 502, 504],
      examples: {
        "By the schedule": {
          caller: "administrator",
          request: { index: "support_tickets" },
          answer: {
            indexed: 0,
            waiting: 0,
            refused: 0,
            usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: 0 },
          },
        },
      },
    },
  },
} satisfies Reference;
