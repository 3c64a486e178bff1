/** The request: which rows to summarize and how. It is checked before the database is queried. */
import * as z from "zod/mini";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import { rowFilter, rowName } from "../../shared/request/row_filters.ts";
import { outputLimits } from "../../shared/request/chat_schemas.ts";

/** Filters are part of the URL, and a server accepts 16 KiB of URL and headers. */
const MAX_QUERY_CHARS = 12_000;

/** Parameters that this function sets itself. */
const OWN_PARAMETERS = [
  "prompt",
  "messages",
  "tools",
  "tool_choice",
  "modalities",
  "n",
  "assistant",
];

/** The request; OpenRouter's other fields pass through. */
export const summaryRequest = z.looseObject({
  table: rowName,
  /** All columns unless given. */
  columns: z.optional(z.array(rowName).check(z.minLength(1))),
  filters: z.optional(z.array(rowFilter).check(z.maxLength(20))),
  order: z.optional(z.strictObject({ column: rowName, ascending: z.optional(z.boolean()) })),
  /** The number of rows; 50 unless given. */
  limit: z.optional(z.int().check(z.gte(1), z.lte(1_000))),
  /** What the summary should contain, at most `MAX_PROMPT_CHARS` characters. */
  instructions: z.optional(nonEmptyText),
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** The values of the variables of `prompts/summarize-records.md`. */
  variables: z.optional(z.looseObject({})),
  ...outputLimits,
  stream: z.optional(z.boolean()),
}).check(
  z.refine(({ columns = [], filters = [] }) => {
    const query = new URLSearchParams([["", JSON.stringify([columns, filters])]]);
    return String(query).length <= MAX_QUERY_CHARS;
  }, {
    path: ["filters"],
    message: `must be shorter: with "columns", at most ${MAX_QUERY_CHARS} characters of a URL`,
  }),
  ...OWN_PARAMETERS.map((field) =>
    z.refine((request) => (request as Record<string, unknown>)[field] === undefined, {
      path: [field],
      message: "is set by this function and must be left out",
    })
  ),
);

/** A checked request for a summary. */
export type SummaryRequest = z.infer<typeof summaryRequest>;
