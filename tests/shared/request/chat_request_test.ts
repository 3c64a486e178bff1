import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseValue } from "../../../shared/http/body.ts";
import {
  type ChatRequest,
  chatRequest,
  createMaxTokens,
  requireShort,
  toCompletionParams,
} from "../../../shared/request/chat_request.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

const IMAGE = "data:image/png;base64,AAAA";
const settings = createSettings(createEnvironment());

Deno.test("a prompt becomes one message, with the default model and a limit of tokens", () => {
  assertEquals(toParams({ prompt: "Hi" }), {
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content: "Hi" }],
    max_tokens: 4096,
  });
});

Deno.test("messages and every field unknown here pass deeply untouched", () => {
  const request = {
    messages: [
      { role: "system", content: "Be brief", name: "x" },
      { role: "developer", content: [{ type: "text", text: "", cache_control: { ttl: "1h" } }] },
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: IMAGE, detail: "low" } },
          { type: "input_audio", input_audio: { data: "AA", format: "wav" } },
          { type: "file", file: { filename: "a.pdf", file_data: "https://example.com/a.pdf" } },
          { type: "kind_of_tomorrow", deep: [null, { "": 0 }] },
        ],
      },
      { role: "assistant", content: null, tool_calls: [{ id: "1" }], reasoning_details: [{}] },
      { role: "assistant" },
      { role: "tool", tool_call_id: "1", content: [{ type: "text", text: "42" }] },
    ],
    model: "anthropic/claude-sonnet-4.5:nitro",
    temperature: 0,
    stop: ["\n"],
    seed: 7,
    provider: { order: ["openai"], max_price: { prompt: "1" } },
    reasoning: { effort: "low" },
    response_format: { type: "json_schema", json_schema: { name: "x", schema: {} } },
    plugins: [{ id: "file-parser" }],
    logit_bias: { "50256": -100 },
    metadata: null,
    "": [],
  };
  const copy = structuredClone(request);
  assertEquals(toParams(request), { ...copy, max_tokens: 4096 });
  assertEquals(request, copy);
});

/** Which model is sent, by what the request names. */
const MODELS: [named: Record<string, unknown>, sent: Record<string, unknown>][] = [
  [{}, { model: "openai/gpt-4o-mini" }],
  [{ model: "a/b" }, { model: "a/b" }],
  [{ models: ["a/b", "c/d"] }, { models: ["a/b", "c/d"] }],
  [{ model: "a/b", models: ["c/d"] }, { model: "a/b", models: ["c/d"] }],
];

for (const [named, sent] of MODELS) {
  Deno.test(`of the models ${JSON.stringify(named)} the request sends ${JSON.stringify(sent)}`, () => {
    const { messages: _, max_tokens: _1, ...rest } = wire(toParams({ prompt: "x", ...named }));
    assertEquals(rest, sent);
  });
}

/** What is sent for a limit of tokens, or the message that refuses it. */
const LIMITS: [given: Record<string, unknown>, sent: Record<string, unknown> | RegExp][] = [
  [{}, { max_tokens: 4096 }],
  [{ max_tokens: null }, { max_tokens: 4096 }],
  [{ max_tokens: 1 }, { max_tokens: 1 }],
  [{ max_tokens: 16_384 }, { max_tokens: 16_384 }],
  [{ max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ max_tokens: 5, max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ max_tokens: null, max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ model: "openai/gpt-5-mini", max_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ model: "o3", max_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ models: ["openai/o4-mini"] }, { max_completion_tokens: 4096 }],
  [{ model: "openai/gpt-4o" }, { max_tokens: 4096 }],
  [{ max_tokens: 5, max_completion_tokens: 6 }, /"max_completion_tokens" must be the same/],
  [{ max_tokens: 0 }, /^"max_tokens" must be 1 or more$/],
  [{ max_tokens: -1 }, /^"max_tokens" must be 1 or more$/],
  [{ max_completion_tokens: 0 }, /^"max_completion_tokens" must be 1 or more$/],
  [{ max_tokens: 1.5 }, /^"max_tokens" must be a whole number$/],
  [{ max_tokens: "5" }, /^"max_tokens" must be a/],
  [{ max_completion_tokens: {} }, /^"max_completion_tokens" must be a/],
];

for (const [given, sent] of LIMITS) {
  Deno.test(`a limit of tokens given as ${JSON.stringify(given)}`, () => {
    const request = { prompt: "x", ...given };
    if (sent instanceof RegExp) return assertRefused(request, sent);
    const { model: _, models: _1, messages: _2, ...rest } = wire(toParams(request));
    assertEquals(rest, sent);
  });
}

Deno.test("the default of tokens gives way to a lower cap, and is shared by several answers", () => {
  const low = createSettings(createEnvironment({ MAX_OUTPUT_TOKENS: "100" }));
  assertEquals(createMaxTokens(low), 100);
  assertEquals(createMaxTokens(low, 3), 33);
  assertEquals(createMaxTokens(low, 1000), 1);
  assertEquals(createMaxTokens(settings, 3), 4096);
  assertEquals(createMaxTokens(settings, 8), 2048);
  assertEquals(createMaxTokens(settings, "many"), 4096);
  assertEquals(toParams({ prompt: "x", n: 8 }).max_tokens, 2048);
});

Deno.test("a function tool passes as it is, whatever its own parameters are called", () => {
  const tool = { type: "function", function: { name: "f", parameters: { max_results: 99 } } };
  assertEquals(toParams({ prompt: "x", tools: [tool] }).tools, [tool]);
});

Deno.test("stream is never the caller's to send on", () => {
  for (const stream of [true, false, null]) {
    assertEquals("stream" in toParams({ prompt: "x", stream }), false);
  }
});

const user = (content: unknown) => ({ messages: [{ role: "user", content }] });
const part = (part: unknown) => user([part]);

/** Requests that are refused, and the field their message names. */
const REFUSED: [request: Record<string, unknown>, message: RegExp][] = [
  [{}, /"prompt" or "messages" must be given/],
  [{ prompt: "x", messages: [{ role: "user", content: "x" }] }, /and not both/],
  [{ prompt: "" }, /^"prompt" must not be empty$/],
  [{ prompt: null }, /^"prompt" must be a string$/],
  [{ prompt: ["x"] }, /^"prompt" must be a string$/],
  [{ messages: [] }, /^"messages" must be a non-empty array$/],
  [{ messages: null }, /^"messages" must be an array$/],
  [{ messages: { role: "user", content: "x" } }, /^"messages" must be an array$/],
  [{ messages: ["x"] }, /^"messages\[0\]" must be an object$/],
  [{ messages: [null] }, /^"messages\[0\]" must be an object$/],
  [{ messages: [{ content: "x" }] }, /^"messages\[0\]\.role" is required$/],
  [
    { messages: [{ role: "USER", content: "x" }] },
    /^"messages\[0\]\.role" must be one of "system"/,
  ],
  [{ messages: [{ role: "function", content: "x" }] }, /^"messages\[0\]\.role" must be one of/],
  [{ messages: [{ role: "user" }] }, /^"messages\[0\]\.content" is required/],
  [{ messages: [{ role: "system", content: null }] }, /^"messages\[0\]\.content" is required/],
  [user(5), /^"messages\[0\]\.content" must be a string or an array/],
  [user([]), /^"messages\[0\]\.content" must be a non-empty array$/],
  [user(["x"]), /^"messages\[0\]\.content\[0\]" must be an object$/],
  [part({}), /^"messages\[0\]\.content\[0\]\.type" is required$/],
  [part({ type: "" }), /^"messages\[0\]\.content\[0\]\.type" must not be empty$/],
  [part({ type: "text" }), /^"messages\[0\]\.content\[0\]\.text" is required/],
  [part({ type: "text", text: 5 }), /^"messages\[0\]\.content\[0\]\.text" must be a string$/],
  [part({ type: "image_url" }), /^"messages\[0\]\.content\[0\]\.image_url" is required/],
  [part({ type: "image_url", image_url: IMAGE }), /\.image_url" must be an object$/],
  [part({ type: "image_url", image_url: {} }), /\.image_url\.url" is required$/],
  [{ messages: [{ role: "tool", content: "x" }] }, /^"messages\[0\]\.tool_call_id" is required/],
  [
    { messages: [{ role: "tool", content: "x", tool_call_id: "" }] },
    /tool_call_id" must not be empty$/,
  ],
  [{ messages: [{ role: "tool", tool_call_id: "1" }] }, /^"messages\[0\]\.content" is required/],
  [{ prompt: "x", model: "" }, /^"model" must not be empty$/],
  [{ prompt: "x", model: ["a/b"] }, /^"model" must be a string$/],
  [{ prompt: "x", models: [] }, /^"models" must be a non-empty array$/],
  [{ prompt: "x", models: "a/b" }, /^"models" must be an array$/],
  [{ prompt: "x", models: ["a/b", ""] }, /^"models\[1\]" must not be empty$/],
  [{ prompt: "x", tools: {} }, /^"tools" must be an array$/],
  [{ prompt: "x", tools: [{}] }, /^"tools\[0\]\.type" is required$/],
  [{ prompt: "x", tools: [{ type: "function" }] }, /^"tools\[0\]\.function" is required/],
  [
    { prompt: "x", tools: [{ type: "function", function: {} }] },
    /^"tools\[0\]\.function\.name" is required$/,
  ],
  [{ prompt: "x", stream: "true" }, /^"stream" must be a boolean/],
];

for (const [request, message] of REFUSED) {
  Deno.test(`refused: ${JSON.stringify(request).slice(0, 100)}`, () => {
    assertRefused(request, message);
  });
}

/** Addresses of images, and whether they are taken. */
const IMAGES: [url: unknown, taken: boolean][] = [
  ["https://example.com/a.png?x=1", true],
  ["http://example.com/a", true],
  ["HTTPS://example.com/a", true],
  [IMAGE, true],
  ["data:image/svg+xml;base64,AAAA", true],
  ["data:image/vnd.x-y.z;base64,", true],
  ["data:image/png,AAAA", false],
  ["data:text/html;base64,AAAA", false],
  ["data:application/pdf;base64,AAAA", false],
  ["file:///etc/passwd", false],
  ["ftp://example.com/a.png", false],
  ["javascript:alert(1)", false],
  [" https://example.com/a.png", false],
  ["//example.com/a.png", false],
  ["/a.png", false],
  ["", false],
  [null, false],
];

for (const [url, taken] of IMAGES) {
  Deno.test(`the image ${JSON.stringify(url)} is ${taken ? "taken" : "refused"}`, () => {
    const request = part({ type: "image_url", image_url: { url } });
    if (taken) assertEquals(toParams(request).messages, request.messages);
    else assertRefused(request, /^"messages\[0\]\.content\[0\]\.image_url\.url" must/);
  });
}

Deno.test("a prompt's length is counted in characters, not in UTF-16 units or bytes", () => {
  const five = createSettings(createEnvironment({ MAX_PROMPT_CHARS: "5" }));
  for (const text of ["12345", "ééééé", "🌍🌍🌍🌍🌍"]) {
    assertEquals(requireShort(text, "prompt", five), text);
    const error = assertThrows(() => requireShort(`${text}x`, "question", five), ApiError);
    assertEquals(error.message, '"question" must have at most 5 characters');
  }
  assertEquals(toParams({ prompt: "🌍".repeat(4_000) }).messages, [
    { role: "user", content: "🌍".repeat(4_000) },
  ]);
  assertRefused({ prompt: "🌍".repeat(4_001) }, /^"prompt" must have at most 4000 characters$/);
});

Deno.test("messages are not bound by the length of a prompt", () => {
  const request = user("x".repeat(100_000));
  assertEquals(toParams(request).messages, request.messages);
});

function toParams(request: Record<string, unknown>) {
  return toCompletionParams(parseValue(request, chatRequest) as ChatRequest, settings);
}

/** What is left of a value on the wire, where `undefined` is nothing. */
function wire(value: unknown) {
  return JSON.parse(JSON.stringify(value));
}

function assertRefused(request: Record<string, unknown>, message: RegExp): void {
  const error = assertThrows(() => toParams(request), ApiError);
  assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
  assertMatch(error.message, message);
}
