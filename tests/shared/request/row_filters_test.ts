import { assertEquals } from "@std/assert";
import { rowFilter, rowName } from "../../../shared/request/row_filters.ts";

Deno.test("rowName accepts what PostgreSQL and InsForge accept as a name", () => {
  const accepts = (name: string) => rowName.safeParse(name).success;
  for (const name of ["id", "Größe", "a b", "x".repeat(63), "a.b"]) {
    assertEquals(accepts(name), true, name);
  }
  for (const name of ["", 'a"b', "a\nb", "x".repeat(64), "ä".repeat(32), ".", "..", "\ud800"]) {
    assertEquals(accepts(name), false, name);
  }
});

Deno.test("rowFilter accepts the values that belong to its operator", () => {
  const accepts = (op: string, value: unknown) =>
    rowFilter.safeParse({ column: "c", op, value }).success;
  for (
    const [op, value] of [
      ["eq", 1],
      ["eq", ["a"]],
      ["gte", "2020-01-01"],
      ["in", ["a", 2]],
      ["is", null],
      ["is_not", true],
      ["contains", { a: 1 }],
    ] as const
  ) assertEquals(accepts(op, value), true, op);
  for (
    const [op, value] of [
      ["eq", null],
      ["gt", ["a"]],
      ["in", []],
      ["in", "a"],
      ["is", 1],
      ["eq", 2 ** 53],
      ["regex", "a"],
    ] as const
  ) assertEquals(accepts(op, value), false, `${op} ${value}`);
});
