/** Schemas of names and conditions in requests for rows. */
import * as z from "zod/mini";

const encoder = new TextEncoder();

/** The name of a table or column; PostgreSQL cuts longer ones, and InsForge accepts no quotes. */
export const rowName = z.string().check(
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

/** A condition on a column, see `Filter` in `insforge/rows.ts`. */
export const rowFilter = z.discriminatedUnion("op", [
  z.strictObject({
    column: rowName,
    op: z.enum(["eq", "neq"]),
    /** An array for a column of arrays, an object for a column of JSON. */
    value: z.union([scalar, z.array(scalar).check(z.maxLength(100)), json]),
  }),
  z.strictObject({
    column: rowName,
    op: z.enum(["gt", "gte", "lt", "lte", "like", "ilike"]),
    value: scalar,
  }),
  z.strictObject({
    column: rowName,
    op: z.enum(["contains", "contained_by", "overlaps"]),
    /** An array for a column of arrays, an object for a column of JSON. */
    value: z.union([scalars, json]),
  }),
  z.strictObject({
    column: rowName,
    op: z.enum(["is", "is_not"]),
    value: z.union([z.boolean(), z.null()]),
  }),
  z.strictObject({
    column: rowName,
    op: z.literal("in"),
    value: scalars,
  }),
]);
