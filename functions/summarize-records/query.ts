/** The request: which rows to summarize and how. It is checked before the database is queried. */
import * as z from "zod/mini";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import { outputLimits } from "../../shared/request/output_tokens.ts";

const encoder = new TextEncoder();

/** The name of a table or column; PostgreSQL cuts longer ones, and InsForge accepts no quotes. */
const name = z.string().check(
  z.minLength(1),
  z.refine((name) => encoder.encode(name).length <= 63, "must have at most 63 bytes"),
  z.refine(
    (name) => !/["\p{Cc}]/u.test(name),
    "must not contain quotes or control characters",
  ),
  z.refine((name) => !/^\.{1,2}$/.test(name) && name.isWellFormed(), "is not a valid name"),
);
/** Numbers in JSON are read as doubles, so a larger number would match another row. */
const exact = z.number().check(
  z.refine((number) => !Number.isInteger(number) || Number.isSafeInteger(number), {
    message: `must be a string when it is above ${Number.MAX_SAFE_INTEGER}`,
  }),
);
const scalar = z.union([z.string(), exact, z.boolean()]);
const scalars = z.array(scalar).check(z.minLength(1), z.maxLength(100));
const json = z.record(z.string(), z.unknown());

const filter = z.discriminatedUnion("op", [
  z.strictObject({
    column: name,
    op: z.enum(["eq", "neq"]),
    /** An array for a column of arrays, an object for a column of JSON. */
    value: z.union([scalar, z.array(scalar).check(z.maxLength(100)), json]),
  }),
  z.strictObject({
    column: name,
    op: z.enum(["gt", "gte", "lt", "lte", "like", "ilike"]),
    value: scalar,
  }),
  z.strictObject({
    column: name,
    op: z.enum(["contains", "contained_by", "overlaps"]),
    /** An array for a column of arrays, an object for a column of JSON. */
    value: z.union([scalars, json]),
  }),
  z.strictObject({
    column: name,
    op: z.enum(["is", "is_not"]),
    value: z.union([z.boolean(), z.null()]),
  }),
  z.strictObject({
    column: name,
    op: z.literal("in"),
    value: scalars,
  }),
]);

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
  table: name,
  /** All columns unless given. */
  columns: z.optional(z.array(name).check(z.minLength(1))),
  filters: z.optional(z.array(filter).check(z.maxLength(20))),
  order: z.optional(z.strictObject({ column: name, ascending: z.optional(z.boolean()) })),
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
