import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { streamBody } from "../../../functions/stream/chatbot_ui.ts";
import { streamRequest } from "../../../functions/stream/schema.ts";
import { parseValue } from "../../../shared/http/body.ts";
import {
  chatBody,
  type ChatRequest,
  completionBody,
  requireShort,
  toCompletionBody,
  toConversation,
} from "../../../shared/request/chat_request.ts";
import { chatRequest, completionRequest } from "../../../shared/request/chat_schemas.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

const IMAGE = "data:image/png;base64,AAAA";
const settings = createSettings(createEnvironment());

Deno.test("creates one message from a prompt, with the default model and an output limit", () => {
  const chosen = createSettings({ get: (name) => ({ OPENROUTER_CHAT_MODEL: "a/b" })[name] });
  assertEquals(toCompletionBody(toConversation({ prompt: "Hi" }, chosen), chosen), {
    model: "a/b",
    messages: [{ role: "user", content: "Hi" }],
    max_tokens: 4096,
  });
});

Deno.test("passes messages and unknown fields unchanged", () => {
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
      { role: "function", name: "f", content: "42" },
      { role: "function", name: "f", content: null },
    ],
    model: "anthropic/claude-sonnet-4.5:nitro",
    temperature: 0,
    stop: ["\n"],
    seed: 7,
    provider: { order: ["openai"], max_price: { prompt: "1" } },
    reasoning: { exclude: true },
    functions: [{ name: "f", parameters: { type: "object" } }],
    function_call: { name: "f" },
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

/** The models that a request names, and those that are sent. */
const MODELS: [named: Record<string, unknown>, sent: Record<string, unknown>][] = [
  [{}, {}],
  [{ model: "a/b" }, { model: "a/b" }],
  [{ models: ["a/b", "c/d"] }, { models: ["a/b", "c/d"] }],
  [{ model: "a/b", models: ["c/d"] }, { model: "a/b", models: ["c/d"] }],
];

for (const [named, sent] of MODELS) {
  Deno.test(`sends the models ${JSON.stringify(sent)} when the request names ${JSON.stringify(named)}`, () => {
    const { messages: _, max_tokens: _1, ...rest } = wire(toParams({ prompt: "x", ...named }));
    assertEquals(rest, sent);
  });
}

for (const name of ["max_tokens", "max_completion_tokens"]) {
  Deno.test(`rejects a "${name}" that is not a positive integer`, () => {
    assertRejected({ prompt: "x", [name]: 0 }, new RegExp(`^"${name}" must be 1 or more$`));
    assertRejected({ prompt: "x", [name]: -1 }, new RegExp(`^"${name}" must be 1 or more$`));
    assertRejected({ prompt: "x", [name]: 1.5 }, new RegExp(`^"${name}" must be a whole number$`));
    for (const limit of ["5", {}]) {
      assertRejected({ prompt: "x", [name]: limit }, new RegExp(`^"${name}" must be a`));
    }
  });
}

Deno.test("passes a function tool unchanged, including its own parameters", () => {
  const tool = { type: "function", function: { name: "f", parameters: { max_results: 99 } } };
  assertEquals(toParams({ prompt: "x", tools: [tool] }).tools, [tool]);
});

Deno.test("leaves out the caller's stream field", () => {
  for (const stream of [true, false, null]) {
    assertEquals("stream" in toParams({ prompt: "x", stream }), false);
  }
});

const user = (content: unknown) => ({ messages: [{ role: "user", content }] });
const part = (part: unknown) => user([part]);

Deno.test("takes null for an optional field as left out", () => {
  const names = [
    "messages",
    "model",
    "models",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "n",
  ];
  const nulls = Object.fromEntries(names.map((name) => [name, null]));
  const { n: _, ...params } = wire(toParams({ ...nulls, prompt: "x" }));
  assertEquals(params, wire(toParams({ prompt: "x" })));
  const message = {
    role: "user",
    content: [{ type: "text", text: "x", image_url: null }],
    tool_call_id: null,
  };
  const tools = [{ type: "web_search", function: null }];
  assertEquals(toParams({ prompt: null, messages: [message], tools }).messages, [
    { role: "user", content: [{ type: "text", text: "x" }] },
  ]);
});

/** Requests that are rejected, and the message. */
const REJECTED: [request: Record<string, unknown>, message: RegExp][] = [
  [{}, /"prompt" or "messages" must be given/],
  [{ prompt: "x", messages: [{ role: "user", content: "x" }] }, /and not both/],
  [{ prompt: "" }, /^"prompt" must not be empty$/],
  [{ prompt: " \n\t\u00a0\u3000" }, /^"prompt" must not be blank$/],
  [{ prompt: null }, /"prompt" or "messages" must be given/],
  [{ prompt: ["x"] }, /^"prompt" must be a string$/],
  [{ messages: [] }, /^"messages" must be a non-empty array$/],
  [{ messages: null }, /"prompt" or "messages" must be given/],
  [{ messages: { role: "user", content: "x" } }, /^"messages" must be an array$/],
  [{ messages: ["x"] }, /^"messages\[0\]" must be an object$/],
  [{ messages: [null] }, /^"messages\[0\]" must be an object$/],
  [{ messages: [{ content: "x" }] }, /^"messages\[0\]\.role" is required$/],
  [
    { messages: [{ role: "USER", content: "x" }] },
    /^"messages\[0\]\.role" must be one of "system"/,
  ],
  [{ messages: [{ role: "robot", content: "x" }] }, /^"messages\[0\]\.role" must be one of/],
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

for (const [request, message] of REJECTED) {
  Deno.test(`rejects ${JSON.stringify(request).slice(0, 100)}`, () => {
    assertRejected(request, message);
  });
}

/** URLs of images, and whether they are accepted. */
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
  Deno.test(`${taken ? "accepts" : "rejects"} the image ${JSON.stringify(url)}`, () => {
    const request = part({ type: "image_url", image_url: { url } });
    if (taken) assertEquals(toParams(request).messages, request.messages);
    else assertRejected(request, /^"messages\[0\]\.content\[0\]\.image_url\.url" must/);
  });
}

Deno.test("counts the length of a prompt in characters, not in UTF-16 units or bytes", () => {
  const five = createSettings(createEnvironment({ MAX_PROMPT_CHARS: "5" }));
  for (const text of ["12345", "ééééé", "🌍🌍🌍🌍🌍"]) {
    assertEquals(requireShort(text, "prompt", five), text);
    const error = assertThrows(() => requireShort(`${text}x`, "question", five), ApiError);
    assertEquals(error.message, '"question" must have at most 5 characters');
  }
  assertEquals(toParams({ prompt: "🌍".repeat(4_000) }).messages, [
    { role: "user", content: "🌍".repeat(4_000) },
  ]);
  assertRejected({ prompt: "🌍".repeat(4_001) }, /^"prompt" must have at most 4000 characters$/);
});

Deno.test("does not apply MAX_PROMPT_CHARS to messages", () => {
  const request = user("x".repeat(100_000));
  assertEquals(toParams(request).messages, request.messages);
});

function toParams(request: Record<string, unknown>) {
  const conversation = toConversation(parseValue(request, chatRequest) as ChatRequest, settings);
  return toCompletionBody(conversation, settings);
}

/** The value as JSON carries it, without fields that are undefined. */
function wire(value: unknown) {
  return JSON.parse(JSON.stringify(value));
}

function assertRejected(request: Record<string, unknown>, message: RegExp): void {
  const error = assertThrows(() => toParams(request), ApiError);
  assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
  assertMatch(error.message, message);
}

Deno.test("the schemas accept every request of the usual form", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("", " ", "Hello", null, undefined, 5));
  const message = fc.record({
    role: fc.constantFrom(
      "system",
      "developer",
      "user",
      "assistant",
      "tool",
      "function",
      "x",
      null,
    ),
    content: fc.oneof(text, fc.constant([{ type: "text", text: "a" }])),
    tool_call_id: text,
    name: text,
  }, { requiredKeys: [] });
  const request = fc.record({
    prompt: text,
    messages: fc.oneof(fc.array(fc.oneof(message, fc.anything()), { maxLength: 3 }), fc.anything()),
    model: text,
    models: fc.array(text),
    max_tokens: fc.oneof(fc.integer(), fc.double(), text),
    max_completion_tokens: fc.integer(),
    stream: fc.oneof(fc.boolean(), text),
    tools: fc.array(fc.anything(), { maxLength: 1 }),
    assistant: text,
    variables: fc.anything(),
    chatSettings: fc.anything(),
    temperature: fc.anything(),
  }, { requiredKeys: [] });
  const usualMessage = fc.record({ role: fc.constant("user"), content: fc.string() });
  const nearlyUsual = fc.tuple(request, fc.array(usualMessage, { minLength: 1 })).map(
    ([{ temperature, model, stream, max_tokens }, messages]) => ({
      ...{ temperature, model, stream, max_tokens },
      messages,
    }),
  );
  const bodies = [
    [chatBody, chatRequest],
    [completionBody, completionRequest],
    [streamBody, streamRequest],
  ] as const;
  let usual = 0;
  const options = { seed: 20_261_129, numRuns: 4_000 };
  fc.assert(
    fc.property(fc.oneof(request, nearlyUsual, fc.anything()), (value) => {
      if (chatBody.isUsual(value)) usual++;
      for (const [body, schema] of bodies) {
        if (body.isUsual(value)) assert(schema.safeParse(value).success);
      }
    }),
    options,
  );
  assert(usual > 200, `only ${usual} requests were usual`);
});
