import { assert, assertEquals } from "@std/assert";
import { allows, isOpen, matches, toListText } from "../../../shared/policy/allow_list.ts";

/** A pattern, a name, and whether the name matches. */
const PATTERNS: [pattern: string, name: string, matched: boolean][] = [
  ["a", "a", true],
  ["a", "ab", false],
  ["a", "A", false],
  ["", "", true],
  ["*", "", true],
  ["*", "openai/gpt-4o", true],
  ["a*", "a", true],
  ["a*", "ba", false],
  ["*a", "ba", true],
  ["*a", "ab", false],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-c-b", false],
  ["*b*", "abc", true],
  ["a**c", "abc", true],
  ["ab*bc", "abc", false],
  ["a.c", "abc", false],
  ["a*", "a\nb", true],
];

for (const [pattern, name, matched] of PATTERNS) {
  Deno.test(`"${pattern}" ${matched ? "matches" : "does not match"} ${JSON.stringify(name)}`, () => {
    assertEquals(matches(pattern, name), matched);
  });
}

Deno.test("a pattern of many stars is compared in linear time with a long name", {
  timeout: 60_000,
}, () => {
  assertEquals(matches("*a".repeat(40) + "b", "a".repeat(100_000)), false);
});

Deno.test("a list allows a name that one of its entries matches, an empty list none", () => {
  assertEquals(allows(["x", "a*"], "ab"), true);
  assertEquals(allows(["x", "a*"], "b"), false);
  assertEquals(allows([], ""), false);
  assertEquals([isOpen(["a", "*"]), isOpen(["a*"]), isOpen([])], [true, false, false]);
});

Deno.test("a long list is cut for a message, after at least one entry", () => {
  assertEquals(toListText([]), "none");
  assertEquals(toListText(["a", "b*"]), "a, b*");
  const names = Array.from({ length: 100 }, (_, i) => `author/model-${i}`);
  const text = toListText(names);
  assert(text.length < 450);
  const [, more] = /author\/model-\d+ and (\d+) more$/.exec(text)!;
  assertEquals(text.split(", ").length + Number(more), 100);
  assertEquals(toListText(["x".repeat(500), "y"]), `${"x".repeat(500)} and 1 more`);
});
