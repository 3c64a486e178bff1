/** Which rows to summarize and how, checked before anything is asked of the database. */
import * as z from "zod/mini";
import { nonEmptyText } from "../../shared/request/chat_request.ts";
import { outputLimits } from "../../shared/request/output_tokens.ts";

/** A plain SQL name: what else PostgREST reads out of a name is not for callers. */
const name = z.string().check(
  z.regex(/^[A-Za-z_]\w{0,62}$/, "must be a plain name: letters, digits and _, at most 63"),
);
/** Words that PostgREST and InsForge read as something else where a filter names its column. */
const RESERVED = /^(select|columns|order|limit|offset|and|or|on_conflict|schema)$/;
const filterColumn = name.check(
  z.refine((column) => !RESERVED.test(column), "names a column that cannot be filtered by"),
);
/** JSON's numbers are read as doubles: a longer key would match the row of another. */
const exact = z.number().check(
  z.refine((number) => !Number.isInteger(number) || Number.isSafeInteger(number), {
    message: `must be a text where it is beyond ${Number.MAX_SAFE_INTEGER}`,
  }),
);
const scalar = z.union([z.string(), exact, z.boolean()]);

const filter = z.discriminatedUnion("op", [
  z.strictObject({
    column: filterColumn,
    op: z.enum(["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike"]),
    value: scalar,
  }),
  z.strictObject({
    column: filterColumn,
    op: z.literal("is"),
    value: z.union([z.boolean(), z.null()]),
  }),
  z.strictObject({
    column: filterColumn,
    op: z.literal("in"),
    value: z.array(scalar).check(z.minLength(1), z.maxLength(100)),
  }),
]);

/** They travel in the address, and a server takes no more than 16 KiB of that and all headers. */
const MAX_QUERY_CHARS = 12_000;

/** OpenRouter's parameters that this function sets itself. */
const OWN_PARAMETERS = ["prompt", "messages", "tools", "tool_choice", "modalities", "n"];

/** The request; OpenRouter's other fields pass through. */
export const summaryRequest = z.looseObject({
  table: name,
  /** All of them unless given. */
  columns: z.optional(z.array(name).check(z.minLength(1))),
  filters: z.optional(z.array(filter).check(z.maxLength(20))),
  order: z.optional(z.strictObject({ column: name, ascending: z.optional(z.boolean()) })),
  /** Rows; 50 unless given. */
  limit: z.optional(z.int().check(z.gte(1), z.lte(1_000))),
  /** What the summary is to tell, at most `MAX_PROMPT_CHARS` characters. */
  instructions: z.optional(nonEmptyText),
  /** The setting `OPENROUTER_CHAT_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  ...outputLimits,
  stream: z.optional(z.boolean()),
}).check(
  z.refine(({ columns = [], filters = [] }) => {
    const query = new URLSearchParams([["", JSON.stringify([columns, filters])]]);
    return String(query).length <= MAX_QUERY_CHARS;
  }, {
    path: ["filters"],
    message: `must be shorter: with "columns", ${MAX_QUERY_CHARS} characters of an address at most`,
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
