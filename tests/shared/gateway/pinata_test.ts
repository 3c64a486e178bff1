import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import { createPinata } from "../../../shared/gateway/pinata.ts";
import { assertJudged } from "./judged.ts";
import { CHAT, PINATA, read } from "./settings.ts";

const pinata = createPinata(read(PINATA));

/** The fields of a chat as they are sent. */
function send(fields: Fields): Fields {
  return JSON.parse(pinata.request("/chat/completions", fields).body!);
}

Deno.test("sends a chat to Pinata with the project's key, and without the app's name", () => {
  const { url, body, toHeaders } = pinata.request("/chat/completions", CHAT);
  assertEquals(url, "https://agents.pinata.cloud/v0/llm/chat/completions");
  assertEquals(body, JSON.stringify(CHAT));
  const type = { "Content-Type": "application/json" };
  assertEquals(toHeaders(), { "Authorization": "Bearer p1n", ...type });
});

Deno.test("returns 502 AI_INVALID_API_KEY when Pinata refuses the key", () => {
  for (const status of [401, 403]) {
    const failure = pinata.readError({ status, body: '{"error":{"message":"m"}}' })!;
    assertJudged(failure, 502, "AI_INVALID_API_KEY", false);
    assertEquals(failure.message, "Pinata refused this project's API key");
  }
});

/** Fields and values that only OpenRouter has, each as the message quotes it. */
const FOREIGN: [params: Record<string, unknown>, named: string][] = [
  [{ models: ["a", "b"] }, '"models"'],
  [{ route: "fallback" }, '"route"'],
  [{ provider: {} }, '"provider"'],
  [{ plugins: [{ id: "web" }] }, '"plugins"'],
  [{ transforms: [] }, '"transforms"'],
  [{ preset: "mine" }, '"preset"'],
  [{ reasoning: { effort: "low" } }, '"reasoning"'],
  [{ include_reasoning: false }, '"include_reasoning"'],
  [{ usage: { include: true } }, '"usage"'],
  [{ image_config: {} }, '"image_config"'],
  [{ cache_control: { type: "ephemeral" } }, '"cache_control"'],
  [{ session_id: "s" }, '"session_id"'],
  [{ trace: {} }, '"trace"'],
  [{ debug: { echo_upstream_body: true } }, '"debug"'],
  [{ structured_outputs: true }, '"structured_outputs"'],
  [{ max_tool_calls: 0 }, '"max_tool_calls"'],
  [{ stop_server_tools_when: [] }, '"stop_server_tools_when"'],
  [{ model: "openrouter/auto" }, '"model" "openrouter/auto"'],
  [{ model: "~openai/gpt-latest" }, '"model" "~openai/gpt-latest"'],
  [{ model: "@preset/mine" }, '"model" "@preset/mine"'],
  [{ model: "openai/gpt-4o@preset/mine" }, '"model" "openai/gpt-4o@preset/mine"'],
  [{ model: "openai/gpt-4o:online" }, '"model" "openai/gpt-4o:online"'],
  [{ modalities: ["text", "image"] }, '"modalities" "image"'],
  [{ modalities: [{ toString: null }] }, '"modalities" "object"'],
  [{ tool_choice: { type: { toString: null } } }, '"tool_choice.type" "object"'],
  [
    { tools: [{ type: "function" }, { type: "openrouter:web_search" }] },
    '"tools[1].type" "openrouter:web_search"',
  ],
  [{ tools: [{ type: "web_search_preview" }] }, '"tools[0].type" "web_search_preview"'],
  [{ tools: [{ type: "x".repeat(99) }] }, `"tools[0].type" "${"x".repeat(60)}"`],
  [
    { tool_choice: { type: "openrouter:web_search" } },
    '"tool_choice.type" "openrouter:web_search"',
  ],
  [
    { messages: [null, { content: "" }, { content: [{ type: "text" }, { type: "video_url" }] }] },
    '"messages[2].content[1].type" "video_url"',
  ],
  [{ response_format: { type: "grammar" } }, '"response_format.type" "grammar"'],
];
for (const [params, named] of FOREIGN) {
  Deno.test(`rejects ${named}, which only OpenRouter has`, () => {
    const error = assertThrows(() => send({ ...CHAT, ...params }), ApiError);
    assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
    assertEquals(error.message, `${named} is not available with Pinata`);
  });
}

Deno.test("sends OpenAI's fields and unknown fields unchanged", () => {
  const params = {
    ...CHAT,
    max_tokens: 9,
    temperature: 0,
    top_p: 1,
    top_k: 5,
    n: 2,
    stop: ["."],
    seed: 7,
    logprobs: true,
    logit_bias: { 50256: -100 },
    stream: true,
    stream_options: { include_usage: true },
    tools: [{ type: "function", function: { name: "f" } }, { type: "custom" }, {}, null],
    tool_choice: { type: "function", function: { name: "f" } },
    response_format: { type: "json_schema", json_schema: { name: "s", schema: {} } },
    reasoning_effort: "low",
    modalities: ["text", "audio"],
    audio: { voice: "alloy", format: "wav" },
    metadata: { a: "b" },
    web_search_options: {},
    models: null,
    provider: undefined,
    a_field_of_tomorrow: { deep: [1, null] },
  };
  assertEquals(send(params), JSON.parse(JSON.stringify(params)));
  for (const odd of [{ tools: "x", modalities: 5, tool_choice: "auto", response_format: null }]) {
    assertEquals(send({ ...CHAT, ...odd }), { ...CHAT, ...odd });
  }
});

Deno.test("converts the list of models to OpenRouter's form, with prices per token", () => {
  const { url, toOpenRouterForm } = pinata.request("/models?output_modalities=all");
  assertEquals(url, "https://agents.pinata.cloud/v0/llm/models");
  const prices: [perMillion: unknown, perToken: string][] = [
    [3, "0.000003"],
    [0.15, "0.00000015"],
    [0.0375, "0.0000000375"],
    [0, "0"],
    [10, "0.00001"],
    [2_000_000, "2"],
    ["1.25", "0.00000125"],
    [null, "-1"],
    [undefined, "-1"],
    [-1, "-1"],
    ["free", "-1"],
    ["", "-1"],
    [[], "-1"],
    [Infinity, "-1"],
    [{}, "-1"],
    [{ toString: null }, "-1"],
  ];
  const list = prices.map(([price], i) => ({
    model_id: `m-${i}`,
    input_usd_per_1m_tokens: price,
    output_usd_per_1m_tokens: price,
    cache_read_usd_per_1m_tokens: price,
  }));
  const { data } = toOpenRouterForm(list) as {
    data: { id: string; pricing: Record<string, string> }[];
  };
  assertEquals(data.map(({ id }) => id), list.map(({ model_id }) => model_id));
  assertEquals(
    data.map(({ pricing }) => [pricing.prompt, pricing.completion]),
    prices.map(([, perToken]) => [perToken, perToken]),
  );
  assertEquals([data[0]!.pricing.input_cache_read, data[7]!.pricing.input_cache_read], [
    "0.000003",
    undefined,
  ]);
  for (const odd of [{ data: [] }, null, "text"]) assertEquals(toOpenRouterForm(odd), odd);
  assertEquals(toOpenRouterForm([null, 5, {}]), { data: [], total_count: 0 });
});

/** Bodies of a 402, and how the message states the balance. */
const BALANCES: [body: unknown, left: string][] = [
  [{ error: { message: "m" }, availableMicrocredits: 1234 }, "; 1234 microcredits are available"],
  [{ error: { message: "m", availableMicrocredits: 0 } }, "; 0 microcredits are available"],
  [{ error: "m", availableMicrocredits: "99" }, "; 99 microcredits are available"],
  [{ error: { message: "m" }, availableMicrocredits: "<b>many</b>" }, ""],
  [{ error: { message: "m" }, availableMicrocredits: { deep: 1 } }, ""],
  [{ error: { message: "m" } }, ""],
  [null, ""],
  [[], ""],
];
for (const [body, left] of BALANCES) {
  Deno.test(`states the balance "${left}" of the 402 ${JSON.stringify(body)}`, () => {
    const failure = pinata.readError({ status: 402, body: JSON.stringify(body) })!;
    assertJudged(failure, 402, "BILLING_INSUFFICIENT_BALANCE", false);
    const message = "The AI credits of this project do not cover the request" + left;
    assertEquals(failure.message, message);
    assertMatch(failure.nextActions!, /add credits$/);
  });
}
