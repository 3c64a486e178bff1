import { assertEquals } from "@std/assert";
import { toCount, toName, toUsd } from "../../../shared/ledger/values.ts";

const NONE: unknown[] = [-1, NaN, Infinity, null, undefined, "", "x", true, [], [5], {}, {
  toString: 1,
}];

Deno.test("a count of tokens is whole, never below zero and never too much", () => {
  assertEquals([3, "3", 3.4, 1e300].map(toCount), [3, 3, 3, 2 ** 31 - 1]);
  assertEquals(NONE.map(toCount), NONE.map(() => 0));
});

Deno.test("an amount is one of USD, or nothing", () => {
  assertEquals([0, 0.5, "0.5", 1e-9].map(toUsd), [0, 0.5, 0.5, 1e-9]);
  assertEquals([...NONE, 1e300].map(toUsd), [...NONE, 1e300].map(() => undefined));
});

Deno.test("a name is what a database takes, however odd it came", () => {
  const names = ["m", "a\0b", "\ud800", "x".repeat(300), "👋".repeat(200).slice(1)];
  const expected = ["m", "a\ufffdb", "\ufffd", "x".repeat(200)];
  assertEquals(names.slice(0, 4).map(toName), expected);
  assertEquals(toName(names[4]).isWellFormed(), true);
  assertEquals([null, undefined, 5, {}, { toString: 1 }].map(toName), ["", "", "", "", ""]);
});
