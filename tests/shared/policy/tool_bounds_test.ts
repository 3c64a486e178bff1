import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import {
  boundSteps,
  requireSearchLimits,
  toSearchDefaults,
} from "../../../shared/policy/tool_bounds.ts";

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

const THIRTY_STEPS = { type: "step_count_is", step_count: 30 };
const COST = { type: "max_cost", max_cost_in_dollars: 100 };

/** Fields about steps, and what is sent for them. */
const STEPS: [given: Fields, sent: Fields][] = [
  [{}, {}],
  [{ max_tool_calls: null, stop_server_tools_when: null }, {
    max_tool_calls: null,
    stop_server_tools_when: null,
  }],
  [{ max_tool_calls: 1 }, { max_tool_calls: 1 }],
  [{ max_tool_calls: 30 }, { max_tool_calls: 30 }],
  [{ stop_server_tools_when: [COST] }, { stop_server_tools_when: [COST, THIRTY_STEPS] }],
  [
    { max_tool_calls: 5, stop_server_tools_when: [{ type: "of_tomorrow" }] },
    { max_tool_calls: 5, stop_server_tools_when: [{ type: "of_tomorrow" }, THIRTY_STEPS] },
  ],
  [
    { stop_server_tools_when: [{ type: "step_count_is", step_count: 3 }, COST] },
    { stop_server_tools_when: [{ type: "step_count_is", step_count: 3 }, COST] },
  ],
];

for (const [given, sent] of STEPS) {
  Deno.test(`sends ${JSON.stringify(sent)} for ${JSON.stringify(given)}`, () => {
    const copy = structuredClone(given);
    assertEquals(boundSteps(given), sent);
    assertEquals(given, copy, "the request is not changed");
  });
}

const STEP_COUNT = "must be a whole number from 1 to 30";

/** Loops that are too long, or whose length cannot be known, and the message. */
const LOOPS: [given: Fields, message: string][] = [
  ...[0, 31, 1_000_000, 2.5, -1, "5", [], {}].map((max_tool_calls): [Fields, string] => [
    { max_tool_calls },
    `"max_tool_calls" ${STEP_COUNT}`,
  ]),
  [{ stop_server_tools_when: [] }, '"stop_server_tools_when" must be a non-empty array'],
  [{ stop_server_tools_when: COST }, '"stop_server_tools_when" must be a non-empty array'],
  ...[0, 31, undefined, "9"].map((step_count): [Fields, string] => [
    { stop_server_tools_when: [COST, { type: "step_count_is", step_count }] },
    `"stop_server_tools_when[1].step_count" ${STEP_COUNT}`,
  ]),
  [
    { max_tool_calls: 31, stop_server_tools_when: [{ type: "step_count_is", step_count: 1 }] },
    `"max_tool_calls" ${STEP_COUNT}`,
  ],
];

for (const [given, message] of LOOPS) {
  Deno.test(`rejects ${JSON.stringify(given)}`, () => {
    const error = assertThrows(() => boundSteps(given), ApiError);
    assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", message]);
  });
}

Deno.test("names the tool whose loop is too long", () => {
  const inner = () => boundSteps({ max_tool_calls: 31 }, "plugins[0]");
  assertThrows(inner, ApiError, `"plugins[0].max_tool_calls" ${STEP_COUNT}`);
});
