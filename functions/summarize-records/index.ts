/**
 * Summarizes rows that the caller may read.
 * https://openrouter.ai/docs/api-reference/chat-completion
 */
import { omitMachineColumns } from "../../shared/insforge/machine_columns.ts";
import { readRows } from "../../shared/insforge/rows.ts";
import { withAi } from "../../shared/mod.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { requireText } from "../../shared/openrouter/written_answer.ts";
import { countBytes, shorten } from "../../shared/request/text_bytes.ts";
import { sumTokenUsage } from "../../shared/token_usage.ts";
import { readChunkBytes } from "./chunk_size.ts";
import { mergeNotes, noteRows, summarizeRows, toChunks } from "./digest.ts";
import { readWording } from "./prompt.ts";
import { summaryRequest } from "./query.ts";
import {
  emptyResponse,
  type SummaryAnswer,
  type SummaryFacts,
  type SummaryStart,
} from "./response.ts";

export type { SummaryAnswer, SummaryFacts, SummaryStart } from "./response.ts";

const DEFAULT_ROWS = 50;

const config = { slug: "summarize-records", body: summaryRequest, ownPrompts: true };

export default withAi(config, async (context) => {
  const { body, user, ai, settings } = context;
  const { table, columns, filters, order, limit = DEFAULT_ROWS, instructions, stream } = body;
  const { hasPrompt, options } = readWording(body, settings);
  if (instructions) requireShort(instructions, "instructions", settings);

  // One row more than requested shows whether there are more.
  const query = { table, columns, filters, order, limit: limit + 1 };
  const rows = await readRows(user, query, settings);
  const readable = columns ? { rows, omitted: [] } : omitMachineColumns(rows);
  const lines = readable.rows.slice(0, limit).map((row) => JSON.stringify(row));
  const bytes = countBytes(lines.join("\n"));
  const maxBytes = await readChunkBytes(context, { bytes, options, instructions });
  const { chunks, rowsRead, truncated } = toChunks(lines, maxBytes);
  const facts: SummaryFacts = {
    table,
    rows_read: rowsRead,
    truncated: truncated || rows.length > limit,
    chunks: chunks.length,
    ...(readable.omitted.length > 0 && { omitted_columns: readable.omitted }),
  };
  const [first, ...more] = chunks;
  if (first === undefined) return emptyResponse(facts, stream);

  const topic = { table, instructions, hasPrompt };
  const notes = more.length === 0 ? [] : await ai.completeAll(chunks.map((chunk, i) => ({
    ...options,
    response_format: undefined, // it describes the summary; notes are free text
    messages: noteRows(topic, chunk, i + 1, chunks.length),
  })));
  const texts = notes.map(requireText);
  const fitting = texts.map((text) => shorten(text, Math.floor(maxBytes / texts.length)));
  facts.truncated ||= fitting.some((text, i) => text !== texts[i]);
  const messages = more.length === 0 ? summarizeRows(topic, first) : mergeNotes(topic, fitting);

  if (stream) {
    const usage = sumTokenUsage(notes.map(({ usage }) => usage));
    const start: SummaryStart = { summary: { ...facts, usage }, choices: [] };
    return await ai.stream({ ...options, messages }, { first: start });
  }
  const answer = await ai.complete({ ...options, messages });
  return Response.json(
    {
      summary: requireText(answer),
      ...facts,
      model: answer.model,
      usage: sumTokenUsage([...notes, answer].map(({ usage }) => usage)),
    } satisfies SummaryAnswer,
  );
});
