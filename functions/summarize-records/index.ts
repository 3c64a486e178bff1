/**
 * Summarizes rows that the caller may read.
 * https://openrouter.ai/docs/api-reference/chat-completion
 */
import { omitMachineColumns } from "../../shared/insforge/machine_columns.ts";
import { readRows } from "../../shared/insforge/rows.ts";
import { withAi } from "../../shared/mod.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import type { Preparation } from "../../shared/openrouter/prepared_stream.ts";
import { requireText } from "../../shared/openrouter/written_answer.ts";
import { countBytes } from "../../shared/request/text_bytes.ts";
import { sumTokenUsage } from "../../shared/token_usage.ts";
import { readChunkBytes } from "./chunk_size.ts";
import { summarizeRows, toChunks } from "./digest.ts";
import { takeNotes } from "./notes.ts";
import { readWording } from "./prompt.ts";
import { summaryRequest } from "./query.ts";
import {
  emptyResponse,
  type SummaryAnswer,
  type SummaryFacts,
  type SummaryStart,
} from "./response.ts";

export type { SummaryAnswer, SummaryFacts, SummaryProgress, SummaryStart } from "./response.ts";

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
  const prepare = async (preparation?: Preparation) => {
    if (more.length === 0) return { messages: summarizeRows(topic, first), usages: [] };
    const notes = await takeNotes(ai, { topic, chunks, options, maxBytes }, preparation);
    facts.truncated ||= notes.truncated;
    return notes;
  };

  if (stream) {
    return await ai.streamAfter(async (preparation) => {
      const { messages, usages } = await prepare(preparation);
      const summary = { ...facts, usage: sumTokenUsage(usages) };
      const start: SummaryStart = { summary, choices: [] };
      return { params: { ...options, messages }, first: start };
    });
  }
  const { messages, usages } = await prepare();
  const answer = await ai.complete({ ...options, messages });
  return Response.json(
    {
      summary: requireText(answer),
      ...facts,
      model: answer.model,
      usage: sumTokenUsage([...usages, answer.usage]),
    } satisfies SummaryAnswer,
  );
});
