/** docs/performance.md and its picture show the results that are in the repository. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { drawPicture } from "../../tools/bench/picture.ts";
import { insertResults, PAGE_FILE, PICTURE_FILE, RESULTS_FILE } from "../../tools/bench/publish.ts";
import type { Results } from "../../tools/bench/results.ts";

const results: Results = JSON.parse(Deno.readTextFileSync(RESULTS_FILE));

Deno.test("docs/performance.md has the tables of tools/bench/results.json", () => {
  const page = Deno.readTextFileSync(PAGE_FILE);
  assertEquals(insertResults(page, results), page);
});

Deno.test("docs/performance.svg shows tools/bench/results.json", () => {
  const picture = Deno.readTextFileSync(PICTURE_FILE);
  assertEquals(drawPicture(results), picture);
  assert(picture.includes("Portkey"), "all contestants are drawn");
});

Deno.test("refuses a page that has lost its markers", () => {
  assertThrows(() => insertResults("# Performance\n", results), Error, "lost its markers");
});

Deno.test("draws longer bars for higher figures", () => {
  const figures = [
    { work: "1 KB at 64", contestant: "bare", perSecond: 1_000 },
    { work: "1 KB at 64", contestant: "functions", perSecond: 500 },
  ];
  const picture = drawPicture({
    environment: {},
    notes: [],
    parts: { json: { figures, tables: [], aims: [] } },
  });
  const widths = [...picture.matchAll(/<rect .* width="(\d+)"/g)].map(([, width]) => Number(width));
  assertEquals(widths[1], widths[0]! / 2);
  assertEquals(widths.length, 2);
});
