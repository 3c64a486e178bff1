/** What server tools and plugins add to the hold of a call. */
import { assertEquals } from "@std/assert";
import type { Fields } from "../../../shared/fields.ts";
import { estimateTools } from "../../../shared/ledger/tool_costs.ts";

const PROMPT = 1_000;
const costsOf = (params: Fields) => estimateTools(params, PROMPT);
const search = (parameters: Fields) => ({ tools: [{ type: "openrouter:web_search", parameters }] });

Deno.test("adds nothing without server tools and plugins", () => {
  const nothing = { turns: 1, promptTokens: 0, parts: [], usd: 0 };
  const callersTool = { type: "function", function: { name: "web_search" } };
  for (const params of [{}, { tools: [callersTool] }, { tools: [], plugins: [], input: "x" }]) {
    assertEquals(costsOf(params), nothing);
  }
});

Deno.test("adds the results of web searches, and that they are read again after each search", () => {
  assertEquals(costsOf(search({ max_results: 25, max_total_results: 50 })), {
    turns: 3,
    promptTokens: 50 * 1_000 * 2,
    parts: [],
    usd: 0.2,
  });
  assertEquals(costsOf(search({ max_results: 5, max_uses: 4 })).usd, 0.14);
  assertEquals(costsOf(search({})).usd, 0.07);
});

Deno.test("recognises a web search in each of its forms", () => {
  const forms: Fields[] = [
    search({ max_results: 10, max_uses: 1 }),
    { tools: [{ type: "web_search_2025_08_26", max_results: 10, max_uses: 1 }] },
    { tools: [{ type: "web_search_20250305", max_results: 10, max_uses: 1 }] },
    { plugins: [{ id: "web", max_results: 10, max_uses: 1 }] },
    { web_search_options: { max_results: 10, max_uses: 1 } },
    {
      input: [{ type: "additional_tools", tools: search({ max_results: 10, max_uses: 1 }).tools }],
    },
    { tools: [{ type: "namespace", tools: search({ max_results: 10, max_uses: 1 }).tools }] },
  ];
  for (const form of forms) assertEquals(costsOf(form).usd, 0.04, JSON.stringify(form));
  assertEquals(costsOf({ model: "openai/gpt-4o:online" }).usd, 0.07);
  assertEquals(costsOf({ models: ["a", "b:online"] }).usd, 0.07);
  assertEquals(costsOf({ plugins: [{ id: "web", enabled: false }] }).usd, 0);
});

Deno.test("adds the models that tools ask, as often as the steps allow", () => {
  const advisor = { model: "anthropic/claude-opus-4.1", max_completion_tokens: 16_384 };
  const ask = (rest: Fields, parameters: Fields = advisor) =>
    costsOf({ tools: [{ type: "openrouter:advisor", parameters }], ...rest }).parts;
  const part = (uses: number, limit = 16_384, model = advisor.model) => ({
    models: [model],
    prompt_tokens: (PROMPT + limit) * uses,
    completion_tokens: limit * uses,
  });
  assertEquals(ask({}), [part(30)]);
  assertEquals(ask({ max_tool_calls: 1 }), [part(1)]);
  const stops = [{ type: "max_cost", max_cost_in_dollars: 1 }, {
    type: "step_count_is",
    step_count: 2,
  }];
  assertEquals(ask({ max_tool_calls: 9, stop_server_tools_when: stops }), [part(2)]);
  assertEquals(ask({ max_tool_calls: 1 }, { max_tokens: 10 }), [part(1, 10, "")]);
  assertEquals(ask({ max_tool_calls: 1 }, {}), [part(1, 4_096, "")]);
});

Deno.test("adds each model of fusion, as a tool and as a plugin", () => {
  const named = { model: "j", analysis_models: ["a", "b"], max_tool_calls: 3 };
  for (
    const form of [
      { tools: [{ type: "openrouter:fusion", parameters: named }], max_tool_calls: 1 },
      { plugins: [{ id: "fusion", ...named }], max_tool_calls: 1 },
    ]
  ) {
    const { parts, usd } = costsOf(form);
    assertEquals(parts.map(({ models }) => models), [["j"], ["a"], ["b"]]);
    assertEquals(Math.round(usd * 1_000), 105);
  }
  assertEquals(costsOf({ plugins: [{ id: "fusion" }] }).parts.length, 4);
});

Deno.test("adds images that a tool draws, and pages that a tool fetches", () => {
  const drawn = costsOf({ tools: [{ type: "openrouter:image_generation" }], max_tool_calls: 1 });
  assertEquals(drawn.parts.map(({ models, completion_tokens }) => [models[0], completion_tokens]), [
    ["openai/gpt-5-image", 4_096],
  ]);
  const fetched = costsOf({
    tools: [{ type: "openrouter:web_fetch", parameters: { max_uses: 2, max_content_tokens: 500 } }],
  });
  assertEquals([fetched.turns, fetched.promptTokens], [3, 2_000]);
});

Deno.test("estimates whatever the tools look like", () => {
  for (const odd of [null, 5, "x", [null, 5, "x", {}, [[]]], {}, [{ type: null, id: null }]]) {
    const { turns } = costsOf({
      tools: odd,
      plugins: odd,
      input: odd,
      stop_server_tools_when: odd,
    });
    assertEquals(turns, 1);
  }
});
