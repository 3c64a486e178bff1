import { assertEquals } from "@std/assert";
import { omitMachineColumns } from "../../../shared/insforge/machine_columns.ts";

const VECTOR = Array.from({ length: 1_536 }, (_, i) => (i - 700) / 1_000);
const BASE64 = btoa(Array.from({ length: 600 }, (_, i) => String.fromCharCode(i % 256)).join(""));

/** Values of machine columns, as PostgREST returns them. */
const MACHINE: [kind: string, value: unknown][] = [
  ["vector", JSON.stringify(VECTOR)],
  ["vector in exponents", `[${Array(20).fill("-1.5e-05").join(",")}]`],
  ["float8[] of an embedding", VECTOR],
  ["sparsevec", "{1:0.5,9:-2e-5}/1536"],
  ["tsvector", "'invoice':1,5 'it''s':2A 'late':3"],
  ["bytea", "\\x89504e470d0a1a0a"],
  ["empty bytea", "\\x"],
  ["base64 of a file", BASE64],
  ["data URL", `data:image/png;base64,${BASE64}`],
];

for (const [kind, value] of MACHINE) {
  Deno.test(`omitMachineColumns leaves out a column of ${kind}`, () => {
    const rows = [{ id: 1, data: null }, { id: 2, data: value }];
    assertEquals(omitMachineColumns(rows), {
      rows: [{ id: 1 }, { id: 2 }],
      omitted: ["data"],
    });
  });
}

/** Values that people wrote, or that a model can read. */
const READABLE: [kind: string, value: unknown][] = [
  ["text", "An ordinary note"],
  ["short list as text", "[1,2,3,4,5]"],
  ["short array", [1, 2, 3]],
  ["array of words", Array(100).fill("word")],
  ["long text", "All work and no play 2 makes Jack a dull boy. ".repeat(20)],
  ["repeated character", "x".repeat(1_000)],
  ["text in single quotes", "'tis the season"],
  ["text that begins with a backslash", "\\x is not hex"],
  ["UUID", "11111111-2222-4333-8444-555555555555"],
  ["JSON", { a: { b: [1, 2] } }],
  ["nothing", null],
];

for (const [kind, value] of READABLE) {
  Deno.test(`omitMachineColumns keeps a column of ${kind}`, () => {
    const rows = [{ id: 1, data: value }];
    assertEquals(omitMachineColumns(rows), { rows, omitted: [] });
  });
}

Deno.test("omitMachineColumns keeps a column when one of its values is readable", () => {
  const rows = [{ data: "\\x00" }, { data: "a note" }];
  assertEquals(omitMachineColumns(rows), { rows, omitted: [] });
});

Deno.test("omitMachineColumns returns no rows for no rows", () => {
  assertEquals(omitMachineColumns([]), { rows: [], omitted: [] });
});
