/** The requests: a question about rows, or the order to index the caller's own rows. */
import * as z from "zod/mini";
import { assistantFields, outputLimits } from "../../shared/request/chat_schemas.ts";
import { rowFilter, rowName } from "../../shared/request/row_filters.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";

/** More rows do not fit into the prompts of small models. */
export const MAX_ROWS = 20;

/** OpenRouter's parameters that this function sets itself. */
const OWN_PARAMETERS = ["prompt", "messages", "tools", "tool_choice", "modalities", "n"];

/** A question, or `index`; OpenRouter's other fields pass through to the chat model. */
export const askRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  question: z.optional(promptText),
  /** A table that has a search index. */
  table: z.optional(rowName),
  /** A routine of the app's own, in place of `table`. */
  function: z.optional(
    rowName.check(z.refine((name) => name.startsWith("match_"), 'must begin with "match_"')),
  ),
  /** What the model sees of each row; everything unless given. */
  columns: z.optional(z.array(rowName).check(z.minLength(1))),
  /** Conditions that all must hold; only with `table`. */
  filters: z.optional(z.array(rowFilter).check(z.maxLength(20))),
  /** The highest number of rows; 8 unless given. */
  match_count: z.optional(z.int().check(z.gte(1), z.lte(MAX_ROWS))),
  /** The least similarity of a row, the cosine of both vectors; 0.3 unless given. */
  match_threshold: z.optional(z.number().check(z.gte(0), z.lte(1))),
  /** The chat model; the setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  ...assistantFields,
  ...outputLimits,
  stream: z.optional(z.boolean()),
  /** A table whose rows are indexed now, without a question: those that the caller may read. */
  index: z.optional(rowName),
}).check(
  z.refine(({ question, index }) => question !== undefined || index !== undefined, {
    path: ["question"],
    message: "is required",
  }),
  z.refine((request) => request.index === undefined || Object.keys(request).length === 1, {
    path: ["index"],
    message: "must be the only field",
  }),
  z.refine(
    ({ index, table, function: routine }) =>
      index !== undefined || (table === undefined) !== (routine === undefined),
    'Either "table" or "function" must be given, and not both',
  ),
  ...(["columns", "filters"] as const).map((field) =>
    z.refine<Record<string, unknown>>(
      (request) => request.function === undefined || request[field] === undefined,
      { path: [field], message: 'can only be combined with "table"' },
    )
  ),
  ...OWN_PARAMETERS.map((field) =>
    z.refine<Record<string, unknown>>((request) => request[field] === undefined, {
      path: [field],
      message: "is set by this function and must be left out",
    })
  ),
);

/** The fields that this function reads itself. A model reads the question as words of the user. */
export const OWN_FIELDS = [
  ...["question", "table", "function", "columns", "filters", "match_count", "match_threshold"],
];

/** A checked request. */
export type AskRequest = z.infer<typeof askRequest>;

/** The request of a user at `/ask-records/index`. */
export const indexRequest = z.strictObject({
  /** A table whose rows are indexed now: those that the caller may read. */
  index: rowName,
});
