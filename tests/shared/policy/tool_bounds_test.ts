import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { requireSearchLimits, toSearchDefaults } from "../../../shared/policy/tool_bounds.ts";

Deno.test("a web search has defaults that its form of the tool knows", () => {
  const results = { max_results: 5, max_total_results: 10 };
  assertEquals(toSearchDefaults("openrouter:web_search"), results);
  for (const type of ["web_search", "web_search_preview", "web_search_preview_2025_03_11"]) {
    assertEquals(toSearchDefaults(type), { max_results: 5, max_uses: 2 });
  }
  assertEquals(toSearchDefaults("web_search_20250305"), { max_uses: 2 });
});

Deno.test("passes search options up to their limits, and null as left out", () => {
  requireSearchLimits({ max_results: 25, max_total_results: 50, max_uses: 10 }, "tools[0]");
  requireSearchLimits({ max_results: null, max_uses: 2.5, engine: "exa" }, "tools[0]");
});

for (
  const [options, message] of [
    [{ max_results: 26 }, '"tools[0].max_results" must be a number from 1 to 25'],
    [{ max_results: 0 }, '"tools[0].max_results" must be a number from 1 to 25'],
    [{ max_results: "5" }, '"tools[0].max_results" must be a number from 1 to 25'],
    [{ max_total_results: 51 }, '"tools[0].max_total_results" must be a number from 1 to 50'],
    [{ max_uses: 11 }, '"tools[0].max_uses" must be a number from 1 to 10'],
  ] as const
) {
  Deno.test(`rejects a web search with ${JSON.stringify(options)}`, () => {
    const error = assertThrows(() => requireSearchLimits(options, "tools[0]"), ApiError);
    assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", message]);
  });
}
