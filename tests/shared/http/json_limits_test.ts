import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import {
  MAX_DEPTH,
  MAX_FIELDS,
  MAX_VALUES,
  requireJsonLimits,
} from "../../../shared/http/json_limits.ts";
import { createHostileBody, createRandom, readSeed } from "../../support/hostile_json.ts";

const MESSAGES = {
  depth: `The request body must not nest deeper than ${MAX_DEPTH} levels`,
  fields: `An object must not have more than ${MAX_FIELDS} fields`,
  values: `The request body must not hold more than ${MAX_VALUES} values`,
};

function nest(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

function withFields(count: number): string {
  return `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(",")}}`;
}

for (
  const [kind, text, message] of [
    [`${MAX_DEPTH} levels`, nest(MAX_DEPTH), undefined],
    [`${MAX_DEPTH + 1} levels`, nest(MAX_DEPTH + 1), MESSAGES.depth],
    ["many levels beside each other", `[${Array(500).fill("[[]]").join(",")}]`, undefined],
    ["brackets in a string", JSON.stringify(["[".repeat(500)]), undefined],
    ["brackets after escaped quotes", JSON.stringify(['"[{\\'.repeat(500)]), undefined],
    ["a string that ends in a backslash", `["\\\\",${nest(MAX_DEPTH)}]`, MESSAGES.depth],
    [`${MAX_FIELDS} fields`, withFields(MAX_FIELDS), undefined],
    [`${MAX_FIELDS + 1} fields`, withFields(MAX_FIELDS + 1), MESSAGES.fields],
    ["two objects of many fields", `[${withFields(600)},${withFields(600)}]`, undefined],
    ["fields after a nested array", `{"a":[],${withFields(MAX_FIELDS).slice(1)}`, MESSAGES.fields],
    ["an array of more items than fields", `[${"1,".repeat(2 * MAX_FIELDS)}1]`, undefined],
    ["too many items", `[${"1,".repeat(MAX_VALUES)}1]`, MESSAGES.values],
    ["too many empty objects", `[${"{},".repeat(MAX_VALUES / 2)}{}]`, MESSAGES.values],
    ["closing brackets only", "]".repeat(1_000), undefined],
    ["an unfinished string", `["${"x".repeat(1_000)}`, undefined],
  ] as [string, string, string | undefined][]
) {
  Deno.test(`requireJsonLimits ${message ? "rejects" : "accepts"} ${kind}`, () => {
    if (!message) return requireJsonLimits(text);
    const error = assertThrows(() => requireJsonLimits(text), ApiError);
    assertEquals([error.status, error.message], [400, message]);
  });
}

Deno.test("requireJsonLimits counts up to the limit that a route gives", () => {
  requireJsonLimits(`[${"1,".repeat(60_000)}1]`, 100_000);
  assertThrows(() => requireJsonLimits(`[${"1,".repeat(200)}1]`, 100), ApiError);
});

Deno.test("requireJsonLimits agrees with a count on the parsed value, for hostile bodies", () => {
  const seed = readSeed();
  const random = createRandom(seed);
  for (let n = 0; n < 500; n++) {
    const text = createHostileBody(random, { a: [{ b: ["x", { c: 'q"\\' }] }], d: "[{" });
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      continue;
    }
    const isWithin = measure(value) <= MAX_DEPTH;
    let isAccepted = true;
    try {
      requireJsonLimits(text);
    } catch (thrown) {
      isAccepted = (thrown as ApiError).message !== MESSAGES.depth;
    }
    assertEquals(isAccepted, isWithin, `HOSTILE_SEED=${seed}, body ${n}: ${text.slice(0, 500)}`);
  }
});

/** How deep a value nests; the walk has a list of its own, because a recursion would overflow. */
function measure(value: unknown): number {
  let deepest = 0;
  const open: [unknown, number][] = [[value, 1]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [one, depth] = next;
    if (typeof one !== "object" || one === null) continue;
    deepest = Math.max(deepest, depth);
    for (const child of Object.values(one)) open.push([child, depth + 1]);
  }
  return deepest;
}
