/** Finds the rows that answer a question, as the caller. */
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { User } from "../../shared/auth/user_token.ts";
import { type Fields, isRowList, toText } from "../../shared/fields.ts";
import type { Call } from "../../shared/http/call.ts";
import { type DataError, toAdminError, toReadError } from "../../shared/insforge/failures.ts";
import { omitMachineColumns } from "../../shared/insforge/machine_columns.ts";
import { callUserRoutine } from "../../shared/insforge/routines.ts";
import type { Filter } from "../../shared/insforge/rows.ts";
import { createAi } from "../../shared/openrouter/ai.ts";
import { shorten } from "../../shared/request/text_bytes.ts";
import type { Settings } from "../../shared/settings.ts";
import { sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";
import { type EmbeddingSpace, isEmbeddingSpace, requireDimensions } from "./embedding_space.ts";
import { isMatchList } from "./routine_results.ts";

/** A row that the answer may be based on. */
export interface RowCitation {
  /** The row's primary key, as InsForge returns it. */
  id: unknown;
  /** The table, or the routine that found the row. */
  table: string;
  /** The cosine of the vectors of row and question; null while the row has no vector yet. */
  similarity: number | null;
  /** The part of the row's text that fits the question best. */
  excerpt: string;
}

/** What a search has found. */
export interface Findings {
  /** The best row first. */
  citations: RowCitation[];
  /** The row of each citation, as the model sees it. */
  rows: Fields[];
  /** Tokens and cost of the question's vector. */
  usage: TokenUsage;
}

/** What to look for. */
export interface Search {
  /** The question. */
  question: string;
  /** The highest number of rows. */
  count: number;
  /** The least similarity. */
  threshold: number;
}

const MAX_EXCERPT_BYTES = 400;

/**
 * Searches a table that has an index.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when the table has no index or a column does not exist; 403
 *   `FORBIDDEN` when the caller may not read the table; 500 `INTERNAL_ERROR` when the model's vectors do
 *   not fit the index; 502 `UPSTREAM_FAILURE` when InsForge fails; and as embeddings.
 */
export async function searchTable(
  call: Call,
  user: User,
  search: Search & { table: string; columns?: string[]; filters?: Filter[] },
): Promise<Findings> {
  const { table, columns, filters = [], question } = search;
  const space = await readIndex(user, table, call.settings);
  const { vector, usage } = await embedQuestion(call, question, space);
  const matches = await callUserRoutine(user, {
    name: "search_rows",
    isResult: isMatchList,
    args: {
      table_name: table,
      query_embedding: vector,
      query_text: question,
      match_count: search.count,
      match_threshold: search.threshold,
      columns,
      filters,
    },
    toError: (error, status) => toSearchError(error, status, { table, columns, filters }),
  }, call.settings);
  const records = matches.map(({ record }) => record);
  return {
    citations: matches.map(({ id, similarity, excerpt }) => ({ id, table, similarity, excerpt })),
    rows: columns ? records : omitMachineColumns(records).rows,
    usage,
  };
}

/**
 * Searches with a routine of the app's own, as InsForge's documentation has it:
 * `match_…(query_embedding, match_count, match_threshold)`. The question's vector is made by the setting
 * `OPENROUTER_EMBEDDING_MODEL`.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when there is no such routine; 500 `INTERNAL_ERROR` when it
 *   compares vectors of another length; otherwise as {@link searchTable}.
 */
export async function searchWithRoutine(
  call: Call,
  user: User,
  { name, question, count, threshold }: Search & { name: string },
): Promise<Findings> {
  const { vector, usage } = await embedQuestion(call, question);
  const found = await callUserRoutine(user, {
    name,
    args: { query_embedding: vector, match_count: count, match_threshold: threshold },
    toError: (error, status) => toRoutineError(error, status, name),
  }, call.settings);
  if (!isRowList(found)) throw invalidInput('"function" must be a routine that returns rows');
  const rows = found
    .filter(({ similarity }) => typeof similarity !== "number" || similarity >= threshold)
    .slice(0, count);
  return { citations: rows.map((row) => toCitation(row, name)), rows: toReadable(rows), usage };
}

/** The vectors of an index; anybody who is signed in may know them. */
async function readIndex(user: User, table: string, settings: Settings): Promise<EmbeddingSpace> {
  const index = await callUserRoutine(user, {
    name: "search_index",
    isResult: (value) => value === null || isEmbeddingSpace(value),
    args: { table_name: table },
    toError: (error, status) => toAdminError(error, status, "routine search_index"),
  }, settings);
  if (index) return { ...index, table };
  throw invalidInput(`"table" must be a table with a search index; "${table}" has none`);
}

async function embedQuestion(
  call: Call,
  question: string,
  space?: EmbeddingSpace,
): Promise<{ vector: number[]; usage: TokenUsage }> {
  const params = space && { ...space.params, model: space.model };
  const { data, usage } = await createAi(call).embed({ ...params, input: question });
  const vector = data[0]!.embedding;
  if (space) requireDimensions(space, vector);
  return { vector, usage: sumTokenUsage([usage]) };
}

function toSearchError(
  error: DataError,
  status: number,
  query: Parameters<typeof toReadError>[2],
): ApiError {
  if (error.code === "PGRST202") return toAdminError(error, status, "routine search_rows");
  return toReadError(error, status, query);
}

function toRoutineError(error: DataError, status: number, name: string): ApiError {
  const { code = "" } = error;
  if (code === "PGRST202") {
    return invalidInput(
      `"function" must take query_embedding, match_count and match_threshold; there is no such "${name}"`,
      error,
    );
  }
  if (code === "42501") {
    const message = `You are not allowed to call "${name}"`;
    return new ApiError(403, "FORBIDDEN", message, { cause: error });
  }
  if (code.startsWith("22")) {
    const message =
      `The routine ${name} compares vectors of another length; set OPENROUTER_EMBEDDING_MODEL to the model that made its vectors`;
    return new ApiError(500, "INTERNAL_ERROR", message, { cause: error });
  }
  return toReadError(error, status, { table: name });
}

/** A row of any shape as a citation: its `content`, or else its longest text, is the excerpt. */
function toCitation(row: Fields, routine: string): RowCitation {
  const { id = null, table, similarity, excerpt, content } = row;
  const texts = Object.values(toReadable([row])[0]!).map(toText);
  const longest = texts.toSorted((a, b) => b.length - a.length)[0] ?? "";
  return {
    id,
    table: toText(table) || routine,
    similarity: typeof similarity === "number" ? similarity : null,
    excerpt: shorten(toText(excerpt) || toText(content) || longest, MAX_EXCERPT_BYTES),
  };
}

function toReadable(rows: Fields[]): Fields[] {
  return omitMachineColumns(rows).rows;
}
