/** A summary of the rows a user may read. https://openrouter.ai/docs/api-reference/chat-completion */
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { readBody } from "../../shared/http/body.ts";
import { mapConcurrently } from "../../shared/concurrency.ts";
import { requireShort, toCompletionBody } from "../../shared/request/chat_request.ts";
import { readOutputLimit } from "../../shared/request/output_tokens.ts";
import { ApiError, invalidInput } from "../../shared/errors.ts";
import { BYTES_PER_TOKEN, countBytes } from "../../shared/ledger/estimate.ts";
import { omitMachineColumns } from "../../shared/insforge/machine_columns.ts";
import { readRows } from "../../shared/insforge/rows.ts";
import {
  type Completion,
  createCompletion,
  streamCompletion,
  toText,
} from "../../shared/openrouter/completions.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { eventStream } from "../../shared/http/event_stream.ts";
import { EVENT_STREAM_HEADERS, formatEvent, joinBytes } from "../../shared/http/sse.ts";
import { planCalls } from "../../shared/ledger/bill.ts";
import { mergeNotes, noteRows, summarizeRows, toChunks } from "./digest.ts";
import { summaryRequest } from "./query.ts";
import type { Fields } from "../../shared/fields.ts";
import { sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";

const DEFAULT_ROWS = 50;
const CONCURRENT_CHUNKS = 4;

/** What a summary is of. */
export interface SummaryFacts {
  /** The table that was read. */
  table: string;
  /** Rows that the summary is about. */
  rows_read: number;
  /** Whether rows, or the end of a huge one, were left out. */
  truncated: boolean;
  /** Prompts that the rows were spread over. */
  chunks: number;
  /** Columns of binary data and vectors that were left out because `columns` does not name them. */
  omitted_columns?: string[];
  /** Tokens and cost; in a stream those of the notes on the chunks, without the summary's own. */
  usage?: TokenUsage;
}

/** The first event of a stream; those of the summary follow. */
export interface SummaryStart {
  summary: SummaryFacts;
  choices: [];
}

/** The answer. */
export interface SummaryAnswer extends SummaryFacts {
  /** The summary. */
  summary: string;
  /** Null where there was no row to ask a model about. */
  model: string | null;
  /** Tokens and cost of all calls. */
  usage: TokenUsage;
}

const { app, handler } = createApp("summarize-records");
export default handler;

app.post("/", async (c) => {
  const call = c.env;
  const user = await requireUser(call);
  const request = await readBody(call, summaryRequest);
  const { table, columns, filters, order, limit = DEFAULT_ROWS, instructions, stream, ...options } =
    request;
  if (instructions) requireShort(instructions, "instructions", call.settings);
  const topic = { table, instructions };
  const toParams = (messages: Fields[], form = options) =>
    toCompletionBody({ ...form, messages }, call.settings);

  // One row more than asked for tells whether there are more.
  const query = { table, columns, filters, order, limit: limit + 1 };
  const rows = await readRows(user, query, call.settings);
  const readable = columns ? { rows, omitted: [] } : omitMachineColumns(rows);
  const { chunks, rowsRead, truncated } = toChunks(readable.rows.slice(0, limit));
  const facts: SummaryFacts = {
    table,
    rows_read: rowsRead,
    truncated: truncated || rows.length > limit,
    chunks: chunks.length,
    ...(readable.omitted.length > 0 && { omitted_columns: readable.omitted }),
  };

  if (chunks.length === 0) return answerWithoutRows(facts, stream);
  if (chunks.length > 1) {
    const noteTokens = readOutputLimit(toParams([])) ?? 0;
    planCalls(call, [...chunks.map(countBytes), chunks.length * noteTokens * BYTES_PER_TOKEN]);
  }

  const notes = chunks.length === 1 ? [] : await mapConcurrently(
    chunks,
    CONCURRENT_CHUNKS,
    (chunk, { index: i }) => {
      const messages = noteRows(topic, chunk, i + 1, chunks.length);
      // The form of the answer is the summary's; notes are free text.
      return createCompletion(call, toParams(messages, { ...options, response_format: undefined }));
    },
  );
  const last = toParams(
    chunks.length === 1
      ? summarizeRows(topic, chunks[0])
      : mergeNotes(topic, notes.map(requireText)),
  );
  if (stream) {
    const usage = sumTokenUsage(notes.map(({ usage }) => usage));
    const start: SummaryStart = { summary: { ...facts, usage }, choices: [] };
    const preface = formatEvent(JSON.stringify(start));
    return eventStream(call, await streamCompletion(call, last, { preface }));
  }
  const completion = await createCompletion(call, last);
  const answer: SummaryAnswer = {
    summary: requireText(completion),
    ...facts,
    model: completion.model,
    usage: sumTokenUsage([...notes, completion].map(({ usage }) => usage)),
  };
  return c.json(answer);
});

/** No rows are an answer, too; no model is needed for it. */
function answerWithoutRows(facts: SummaryFacts, stream?: boolean | null): Response {
  const summary = `There are no rows in "${facts.table}" that match and that you may read`;
  const usage = sumTokenUsage([]);
  const answer: SummaryAnswer = { summary, ...facts, model: null, usage };
  if (!stream) return Response.json(answer);
  const choices = [{ index: 0, delta: { content: summary }, finish_reason: "stop" }];
  const events = [{ summary: facts, choices: [] }, { choices, usage }];
  const data = [...events.map((event) => JSON.stringify(event)), "[DONE]"];
  const bytes = joinBytes(data.map(formatEvent));
  return new Response(bytes as BodyInit, { headers: EVENT_STREAM_HEADERS });
}

/** The text of a completion; rows on which a model said nothing would be lost without a word. */
function requireText({ choices: [{ message, finish_reason }] }: Completion): string {
  const text = toText(message);
  if (text) return text;
  if (finish_reason === "length") {
    throw invalidInput('"max_tokens" must be higher: the model spent all of it before it wrote');
  }
  throw message.refusal || finish_reason === "content_filter"
    ? new ApiError(403, "FORBIDDEN", "The request was refused: the model will not summarize it")
    : unusable("The AI provider's answer held no text");
}
