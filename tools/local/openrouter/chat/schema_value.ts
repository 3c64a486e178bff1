/** Values that satisfy a JSON Schema, as a model with structured outputs makes them. */
import { hashText } from "../hash.ts";
import { findKeywords } from "./keywords.ts";
import type { Schema } from "./request.ts";

/** Deeper than this a recursive schema gets its shortest values. */
const MAX_DEPTH = 6;

/**
 * Makes a value for a schema out of the words of a prompt.
 *
 * Knows types, `enum`, `const`, `$ref` inside the schema, `anyOf`, `oneOf`, `allOf`, the limits of
 * numbers, lengths and counts, and the common formats; not `pattern`, `not`, or what one property
 * says about another.
 */
export function createValue(schema: Schema, prompt: string): unknown {
  const words = findKeywords(prompt, 6);
  return createPart(schema, {
    root: schema,
    words: words.length > 0 ? words : ["simulated"],
    seed: hashText(prompt),
    name: "value",
    depth: 0,
  });
}

/** Where in the schema a value is made. */
interface Place {
  root: Schema;
  words: string[];
  seed: number;
  /** The property's name. */
  name: string;
  depth: number;
}

function createPart(given: unknown, place: Place): unknown {
  const schema = resolve(given, place.root);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return pick(schema.enum, place);
  if (schema.default !== undefined) return schema.default;
  switch (findType(schema)) {
    case "object":
      return createObject(schema, place);
    case "array":
      return createArray(schema, place);
    case "string":
      return createString(schema, place);
    case "integer":
    case "number":
      return createNumber(schema, place);
    case "boolean":
      return pick([true, false], place);
    default:
      return null;
  }
}

/** The schema itself, with references followed, alternatives chosen and conjunctions merged. */
function resolve(given: unknown, root: Schema): Schema {
  const schema = (typeof given === "object" && given !== null ? given : {}) as Schema;
  if (typeof schema.$ref === "string") {
    const path = schema.$ref.replace(/^#\/?/, "").split("/").filter(Boolean);
    const target = path.reduce<unknown>((at, key) => (at as Schema | undefined)?.[key], root);
    return resolve(target, root);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices) && choices.length > 0) {
    const first = choices.find((choice) => choice?.type !== "null") ?? choices[0];
    return resolve(
      { ...schema, anyOf: undefined, oneOf: undefined, ...resolve(first, root) },
      root,
    );
  }
  if (!Array.isArray(schema.allOf)) return schema;
  return schema.allOf.map((part) => resolve(part, root)).reduce(merge, {
    ...schema,
    allOf: undefined,
  });
}

function merge(a: Schema, b: Schema): Schema {
  const required = [...(a.required as string[] ?? []), ...(b.required as string[] ?? [])];
  return { ...a, ...b, required, properties: { ...a.properties ?? {}, ...b.properties ?? {} } };
}

function findType(schema: Schema): string {
  const types = [schema.type].flat().filter((type) => type !== "null" && type !== undefined);
  if (types.length > 0) return String(types[0]);
  if (schema.type !== undefined) return "null";
  if (schema.properties) return "object";
  if (schema.items || schema.prefixItems) return "array";
  return "string";
}

function createObject(schema: Schema, place: Place): Record<string, unknown> {
  const properties = (schema.properties ?? {}) as Schema;
  const required = (schema.required ?? []) as string[];
  const tooDeep = place.depth >= MAX_DEPTH;
  const names = tooDeep ? required : [...new Set([...Object.keys(properties), ...required])];
  return Object.fromEntries(
    names.map((name) => [name, createPart(properties[name], inside(place, name))]),
  );
}

function createArray(schema: Schema, place: Place): unknown[] {
  const { prefixItems = [], items, minItems = 0, maxItems = Infinity } = schema as {
    prefixItems?: unknown[];
    items?: unknown;
    minItems?: number;
    maxItems?: number;
  };
  const wanted = place.depth >= MAX_DEPTH ? minItems : Math.max(minItems, prefixItems.length, 2);
  const count = Math.min(wanted, maxItems);
  return Array.from(
    { length: count },
    (_, i) => createPart(prefixItems[i] ?? items, inside(place, `${place.name} ${i + 1}`)),
  );
}

function createString(schema: Schema, place: Place): string {
  const { format, minLength = 0, maxLength = Infinity } = schema as {
    format?: string;
    minLength?: number;
    maxLength?: number;
  };
  const word = String(pick(place.words, place));
  const formatted = format &&
    FORMATS[format]?.(word.toLowerCase().replace(/[^a-z0-9]/g, "") || "x");
  if (formatted) return formatted;
  let text = /title|name|label|tag|keyword|city|topic/i.test(place.name)
    ? word
    : `Simulated ${place.name} about ${word}`;
  while (text.length < minLength) text += ` ${word}`;
  return text.slice(0, maxLength);
}

const FORMATS: Record<string, (word: string) => string> = {
  "date-time": () => "2025-01-15T12:00:00Z",
  date: () => "2025-01-15",
  time: () => "12:00:00Z",
  email: (word) => `${word}@example.com`,
  uri: (word) => `https://example.com/${word}`,
  url: (word) => `https://example.com/${word}`,
  uuid: () => "00000000-0000-4000-8000-000000000000",
};

function createNumber(schema: Schema, place: Place): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema as Record<
    string,
    number | undefined
  >;
  const low = minimum ?? exclusiveMinimum;
  const high = maximum ?? exclusiveMaximum;
  const whole = findType(schema) === "integer";
  const range = low !== undefined && high !== undefined ? high - low : 10;
  const step = multipleOf ?? (whole ? 1 : range / 4);
  const from = low ?? Math.min(0, (high ?? range) - range);
  // Counted in steps; one more where the limit itself is not allowed.
  let first = Math.ceil(from / step);
  let last = Math.floor((high ?? from + range) / step);
  if (first * step === exclusiveMinimum) first++;
  if (last * step === exclusiveMaximum) last--;
  const count = Math.max(1, last - first + 1);
  return (first + hashText(place.name, place.seed) % count) * step;
}

function pick<T>(values: T[], { name, seed }: Place): T {
  return values[hashText(name, seed) % values.length];
}

function inside(place: Place, name: string): Place {
  return { ...place, name, depth: place.depth + 1 };
}
