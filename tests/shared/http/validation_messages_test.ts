import * as z from "zod/mini";
import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { parseValue } from "../../../shared/http/body.ts";
import { describeIssue } from "../../../shared/http/validation_messages.ts";

/** Schemas, values that do not match them, and the message for the caller. */
const ISSUES: [schema: z.ZodMiniType, value: unknown, message: string][] = [
  [z.object({ a: z.string() }), {}, '"a" is required'],
  [z.object({ a: z.string() }), { a: null }, '"a" must be a string'],
  [z.object({ a: z.boolean() }), { a: "true" }, '"a" must be a boolean'],
  [z.object({ a: z.array(z.string()) }), { a: {} }, '"a" must be an array'],
  [z.object({ a: z.object({}) }), { a: [] }, '"a" must be an object'],
  [z.object({ a: z.int() }), { a: 1.5 }, '"a" must be a whole number'],
  [
    z.object({ a: z.array(z.object({ b: z.string() })) }),
    { a: [{ b: "x" }, {}] },
    '"a[1].b" is required',
  ],
  [z.object({ a: z.enum(["x", "y"]) }), { a: "z" }, '"a" must be one of "x", "y"'],
  [z.object({ a: z.literal(1) }), { a: 2 }, '"a" must be 1'],
  [z.object({ a: z.string().check(z.minLength(1)) }), { a: "" }, '"a" must not be empty'],
  [
    z.object({ a: z.array(z.any()).check(z.minLength(1)) }),
    { a: [] },
    '"a" must be a non-empty array',
  ],
  [
    z.object({ a: z.array(z.any()).check(z.maxLength(1)) }),
    { a: [1, 2] },
    '"a" must have at most 1 items',
  ],
  [
    z.object({ a: z.string().check(z.maxLength(1)) }),
    { a: "xy" },
    '"a" must have at most 1 characters',
  ],
  [z.object({ a: z.int().check(z.gte(1)) }), { a: 0 }, '"a" must be 1 or more'],
  [z.object({ a: z.int().check(z.lte(1)) }), { a: 2 }, '"a" must be 1 or less'],
  [
    z.object({ a: z.union([z.string(), z.array(z.string())]) }),
    { a: 5 },
    '"a" must be a string or an array',
  ],
  [
    z.object({ a: z.union([z.string(), z.array(z.string())]) }),
    { a: [5] },
    '"a[0]" must be a string',
  ],
  [z.object({ a: z.strictObject({}) }), { a: { b: 1 } }, '"a.b" is not a known field'],
  [
    z.object({ a: z.string().check(z.regex(/^x/, "must begin with x")) }),
    { a: "y" },
    '"a" must begin with x',
  ],
  [z.object({}).check(z.refine(() => false, "One or the other")), {}, "One or the other"],
];

for (const [schema, value, message] of ISSUES) {
  Deno.test(`parseValue throws 400 with the message ${message}`, () => {
    const error = assertThrows(() => parseValue(value, schema), ApiError);
    assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", message]);
  });
}

Deno.test("describeIssue reads own properties only, when a field has the name of an inherited one", () => {
  const issue = { code: "invalid_type", expected: "string", path: ["constructor"], message: "" };
  assertEquals(describeIssue({}, issue), '"constructor" is required');
});
