/** The tables of the benchmark. */
import { assert, assertEquals } from "@std/assert";
import { format, formatResults, formatTable, isMet } from "../../tools/bench/tables.ts";

Deno.test("formats numbers with groups of three digits, and nothing for what was not measured", () => {
  assertEquals(format(1_234_567.4), "1,234,567");
  assertEquals(format(0.3333, 2), "0.33");
  assertEquals(format(1_234.5678, 3), "1,234.568");
  assertEquals(format(NaN, 2), "");
  assertEquals(format(Infinity), "");
});

Deno.test("formats a table as Markdown with aligned columns", () => {
  const table = { title: "Speed", note: "A note.", head: ["", "a"], rows: [["first", "1"]] };
  assertEquals(
    formatTable(table),
    "### Speed\n\nA note.\n\n|       |   a |\n| ----- | --: |\n| first |   1 |",
  );
});

Deno.test("prints the aims first, and whether each is met", () => {
  const text = formatResults({
    environment: { cores: 2 },
    notes: ["A contestant was left out."],
    parts: {
      json: {
        figures: [],
        tables: [{ title: "Other", head: ["", "x"], rows: [] }],
        aims: [
          { figure: "ratio", value: 0.7, aim: 0.65, must: "≥" },
          { figure: "added", value: 0.5, aim: 0.3, must: "≤", unit: "ms" },
        ],
      },
    },
  });
  assert(text.startsWith("cores 2.\n\nA contestant was left out.\n\n### Aims"), text);
  assert(/\| ratio +\| +≥ 0\.65 \| +0\.70 \| +met \|/.test(text), text);
  assert(/\| added +\| +≤ 0\.3 ms \| +0\.50 \| +missed \|/.test(text), text);
  assert(text.indexOf("### Other") > text.indexOf("### Aims"));
});

Deno.test("judges a figure as it is printed", () => {
  assert(isMet({ value: 0.6451, aim: 0.65, must: "≥" }));
  assert(!isMet({ value: 0.6449, aim: 0.65, must: "≥" }));
  assert(isMet({ value: 1.1549, aim: 1.15, must: "≤" }));
  assert(!isMet({ value: NaN, aim: 1, must: "≤" }));
});
