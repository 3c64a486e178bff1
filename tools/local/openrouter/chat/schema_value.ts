/** Values that match a JSON Schema, as models with structured outputs return them. */
import * as z from "zod/mini";
import { hashText } from "../hash.ts";
import { invalidRequest } from "../refusal.ts";
import { findKeywords } from "./keywords.ts";

/** Below this depth a recursive schema gets its shortest values: null, or only required fields. */
const MAX_DEPTH = 6;
/** The highest number of schemas visited for one value. Larger ones may be endless and are refused. */
const MAX_STEPS = 1_000;
const MAX_LENGTH = 10_000;

const number = z.optional(z.number());
const list = z.optional(z.array(z.unknown()));

/** The supported keywords. */
const keywords = z.looseObject({
  $ref: z.optional(z.string()),
  anyOf: list,
  oneOf: list,
  allOf: list,
  enum: list,
  type: z.optional(z.union([z.string(), z.array(z.string())])),
  properties: z.optional(z.record(z.string(), z.unknown())),
  required: z.optional(z.array(z.string())),
  prefixItems: list,
  minItems: number,
  maxItems: number,
  format: z.optional(z.string()),
  minLength: number,
  maxLength: number,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: z.optional(z.number().check(z.gt(0))),
});

type Schema = z.infer<typeof keywords>;

/**
 * Creates a value for a schema from the words of a prompt.
 *
 * Supports types, `enum`, `const`, `$ref` inside the schema, `anyOf`, `oneOf`, `allOf`, limits of
 * numbers, lengths and counts, and common formats. It does not support `pattern`, `not`, and
 * conditions between properties.
 *
 * @throws {Refusal} 400 for an invalid schema, and when the value would be too large or endless.
 */
export function createValue(schema: unknown, prompt: string): unknown {
  const words = findKeywords(prompt, 6);
  return createPart(schema, {
    root: schema,
    words: words.length > 0 ? words : ["simulated"],
    seed: hashText(prompt),
    name: "value",
    depth: 0,
    steps: { left: MAX_STEPS },
  });
}

/** The position of a value in the schema. */
interface Place {
  root: unknown;
  words: string[];
  seed: number;
  /** The name of the property. */
  name: string;
  depth: number;
  /** Counted down over the whole value. */
  steps: { left: number };
}

function createPart(given: unknown, place: Place): unknown {
  const schema = resolve(given, place);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum && schema.enum.length > 0) return pick(schema.enum, place);
  if (schema.default !== undefined) return schema.default;
  switch (findType(schema, isShort(place))) {
    case "object":
      return createObject(schema, place);
    case "array":
      return createArray(schema, place);
    case "string":
      return createString(schema, place);
    case "integer":
      return createNumber(schema, place, 1);
    case "number":
      return createNumber(schema, place);
    case "boolean":
      return pick([true, false], place);
    default:
      return null;
  }
}

/** Returns the schema with references resolved, alternatives chosen and conjunctions merged. */
function resolve(given: unknown, place: Place): Schema {
  if (place.steps.left-- === 0) throw tooLarge();
  const { success, data: schema, error } = keywords.safeParse(
    given === undefined || given === true ? {} : given,
  );
  if (!success) throw invalidRequest(`Invalid schema: "${error.issues[0]!.path.join(".")}"`);
  if (schema.$ref !== undefined) {
    const path = schema.$ref.replace(/^#\/?/, "").split("/").filter(Boolean);
    const enter = (at: unknown, key: string) => (at as Record<string, unknown> | undefined)?.[key];
    return resolve(path.reduce(enter, place.root), place);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices && choices.length > 0) {
    const isNull = (choice: unknown) => (choice as Schema | null)?.type === "null";
    const chosen = choices.find((choice) => isNull(choice) === isShort(place)) ?? choices[0];
    const rest = { ...schema, anyOf: undefined, oneOf: undefined };
    return resolve({ ...rest, ...resolve(chosen, place) }, place);
  }
  const { allOf, ...rest } = schema;
  return (allOf ?? []).map((part) => resolve(part, place)).reduce(merge, rest);
}

function merge(a: Schema, b: Schema): Schema {
  const required = [...a.required ?? [], ...b.required ?? []];
  return { ...a, ...b, required, properties: { ...a.properties, ...b.properties } };
}

function findType({ type, properties, items, prefixItems }: Schema, short: boolean): string {
  const types = [type ?? []].flat();
  if (short && types.includes("null")) return "null";
  if (types.length > 0) return types.find((type) => type !== "null") ?? "null";
  if (properties) return "object";
  return items || prefixItems ? "array" : "string";
}

function createObject({ properties = {}, required = [] }: Schema, place: Place) {
  const optional = isShort(place) ? [] : Object.keys(properties);
  const names = [...new Set([...optional, ...required])];
  return Object.fromEntries(
    names.map((name) => [name, createPart(properties[name], inside(place, name))]),
  );
}

function createArray(schema: Schema, place: Place): unknown[] {
  const { prefixItems = [], items, minItems = 0, maxItems = Infinity } = schema;
  const wanted = isShort(place) ? minItems : Math.max(minItems, prefixItems.length, 2);
  const count = Math.max(0, Math.min(wanted, maxItems));
  if (count > MAX_STEPS) throw tooLarge();
  return Array.from(
    { length: count },
    (_, i) => createPart(prefixItems[i] ?? items, inside(place, `${place.name} ${i + 1}`)),
  );
}

function createString(schema: Schema, place: Place): string {
  const { format = "", minLength = 0, maxLength = Infinity } = schema;
  if (minLength > MAX_LENGTH) throw tooLarge();
  const word = pick(place.words, place);
  const formatted = FORMATS.get(format);
  if (formatted) return formatted(word.toLowerCase().replace(/[^a-z0-9]/g, "") || "x");
  let text = /title|name|label|tag|keyword|city|topic/i.test(place.name)
    ? word
    : `Simulated ${place.name} about ${word}`;
  while (text.length < minLength) text += ` ${word}`;
  return text.slice(0, maxLength);
}

const FORMATS = new Map<string, (word: string) => string>([
  ["date-time", () => "2025-01-15T12:00:00Z"],
  ["date", () => "2025-01-15"],
  ["time", () => "12:00:00Z"],
  ["email", (word) => `${word}@example.com`],
  ["uri", (word) => `https://example.com/${word}`],
  ["url", (word) => `https://example.com/${word}`],
  ["uuid", () => "00000000-0000-4000-8000-000000000000"],
]);

/** @param usualStep the step between values when the schema has none: 1 for whole numbers. */
function createNumber(schema: Schema, place: Place, usualStep?: number): number {
  const { exclusiveMinimum, exclusiveMaximum } = schema;
  const low = schema.minimum ?? exclusiveMinimum;
  const high = schema.maximum ?? exclusiveMaximum;
  const range = low !== undefined && high !== undefined ? high - low : 10;
  const step = schema.multipleOf ?? usualStep ?? (range > 0 ? range / 4 : 1);
  const from = low ?? Math.min(0, (high ?? range) - range);
  // In steps; one more when the limit itself is excluded.
  let first = Math.ceil(from / step);
  let last = Math.floor((high ?? from + range) / step);
  if (first * step === exclusiveMinimum) first++;
  if (last * step === exclusiveMaximum) last--;
  const count = Math.max(1, last - first + 1);
  return (first + hashText(place.name, place.seed) % count) * step;
}

function isShort({ depth }: Place): boolean {
  return depth >= MAX_DEPTH;
}

function pick<T>(values: T[], { name, seed }: Place): T {
  return values[hashText(name, seed) % values.length]!;
}

function inside(place: Place, name: string): Place {
  return { ...place, name, depth: place.depth + 1 };
}

function tooLarge(): Error {
  return invalidRequest("Invalid schema: the value would be too large, or have no end");
}
