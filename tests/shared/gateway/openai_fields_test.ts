import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { requireOpenAIParams } from "../../../shared/gateway/openai_fields.ts";

const SETTING = "AI_GATEWAY=pinata";
const base = { model: "openai/gpt-4o", messages: [{ role: "user", content: "Hi" }] };

/** What only OpenRouter has, each with the words that name it. */
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
  Deno.test(`${named} is refused where only OpenAI's fields are known`, () => {
    const error = assertThrows(
      () => requireOpenAIParams({ ...base, ...params }, SETTING),
      ApiError,
    );
    assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
    assertEquals(error.message, `${named} is not available with ${SETTING}`);
  });
}

Deno.test("what OpenAI has passes as it came, and so does what nobody knows", () => {
  const params = {
    ...base,
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
  assertEquals(requireOpenAIParams(params, SETTING), params);
  for (const odd of [{ tools: "x", modalities: 5, tool_choice: "auto", response_format: null }]) {
    assertEquals(requireOpenAIParams({ ...base, ...odd }, SETTING), { ...base, ...odd });
  }
});

const LIMITS: [given: Record<string, unknown>, sent: Record<string, unknown>][] = [
  [{ model: "openai/gpt-5-1", max_tokens: 9 }, { max_completion_tokens: 9 }],
  [{ model: "openai/gpt-5", max_tokens: 9, max_completion_tokens: 8 }, {
    max_completion_tokens: 8,
  }],
  [{ model: "o3-mini", max_tokens: 9 }, { max_completion_tokens: 9 }],
  [{ model: "openai/gpt-oss-120b", max_tokens: 9 }, { max_tokens: 9 }],
  [{ model: "openai/gpt-4o", max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
];
for (const [given, sent] of LIMITS) {
  Deno.test(`${JSON.stringify(given)} is sent with ${JSON.stringify(sent)}`, () => {
    const { model, messages } = { ...base, ...given };
    assertEquals(requireOpenAIParams({ ...base, ...given }, SETTING), { model, messages, ...sent });
  });
}
