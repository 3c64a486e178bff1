/** Names as the ledger stores them. */
import { assertEquals } from "@std/assert";
import { toLedgerName } from "../../../shared/ledger/charge.ts";

Deno.test("replaces what PostgreSQL rejects and cuts the name at 200 characters", () => {
  const names = ["m", "a\0b", "\ud800", "x".repeat(300), "👋".repeat(200).slice(1)];
  const expected = ["m", "a\ufffdb", "\ufffd", "x".repeat(200)];
  assertEquals(names.slice(0, 4).map(toLedgerName), expected);
  assertEquals(toLedgerName(names[4]).isWellFormed(), true);
});

Deno.test("returns an empty name for a value that is not a string", () => {
  assertEquals([null, undefined, 5, {}, { toString: 1 }].map(toLedgerName), ["", "", "", "", ""]);
});
