import { assertEquals, assertStringIncludes } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createInsForge } from "../shared/fake_insforge.ts";
import { API_KEY, createEnvironment, logs, OPAQUE_USER, PROMPT, send } from "../support/caller.ts";
import { COMMENT, createUpstream, type Upstream } from "../support/upstream.ts";

const messages = [{ role: "user", content: PROMPT }];
const model = "anthropic/claude-sonnet-4.5";
/** 112 prompt tokens, of which the cache read 100 and stored 5. */
const USAGE = {
  input_tokens: 7,
  cache_creation_input_tokens: 5,
  cache_read_input_tokens: 100,
  output_tokens: 3,
  cost: 0.001,
};

const START = event("message_start", {
  message: {
    ...message(),
    content: [],
    stop_reason: null,
    usage: { ...USAGE, output_tokens: 1, cost: undefined },
  },
});
const TEXT = [
  event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hel" } }),
  event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "lo" } }),
  event("content_block_stop", { index: 0 }),
];
const END = event("message_delta", {
  delta: { stop_reason: "end_turn", stop_sequence: null },
  usage: { output_tokens: 3, cost: 0.001 },
});
const STOP = event("message_stop");

Deno.test("POST /v1/messages/count_tokens estimates the tokens and asks no gateway", async () => {
  const count = async (body: object, path = "/v1/messages/count_tokens") =>
    await send(handler, createEnvironment(), body, { path });
  const { status, body } = await count({ model, messages });
  assertEquals([status, Object.keys(body)], [200, ["input_tokens"]]);
  const tools = [{ name: "f", input_schema: { type: "object" } }];
  const longer = await count({ model, messages, system: "Be brief", tools });
  assertEquals(longer.body.input_tokens > body.input_tokens, true);
  assertEquals(
    await count({ model, messages }, "/v1?route=messages/count_tokens").then((one) => one.body),
    body,
  );
  const refused = await count({ model });
  assertEquals([refused.status, refused.body.type], [400, "error"]);
});

Deno.test("POST /v1/messages passes request and response through unchanged", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: message() });
  const request = {
    model,
    max_tokens: 2048,
    system: [{ type: "text", text: "Be brief", cache_control: { type: "ephemeral" } }],
    messages: [
      { role: "user", content: [{ type: "text", text: "Hi" }, image()] },
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "1" }] },
    ],
    thinking: { type: "enabled", budget_tokens: 1024 },
    tools: [{ name: "f", input_schema: { type: "object" } }],
    tool_choice: { type: "auto" },
    a_field_of_tomorrow: [1],
  };
  const answer = await post(upstream, request);
  assertEquals([answer.status, answer.body], [200, message()]);
  const { path, body } = upstream.requests[0]!;
  assertEquals(path, "/api/v1/messages");
  assertEquals(body, { ...request, user: OPAQUE_USER, stream: false });
  const { generation_id, prompt_tokens, completion_tokens, cost } = logs.at(-1)!;
  assertEquals([generation_id, prompt_tokens, completion_tokens, cost], ["msg_1", 112, 3, 0.001]);
});

Deno.test("POST /v1/messages adds a model, an output limit and an opaque user id", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: message() });
  await post(upstream, { messages, metadata: { user_id: "another user" } });
  assertEquals(upstream.requests[0]!.body, {
    model: "openai/gpt-4o-mini",
    max_tokens: 4096,
    messages,
    metadata: { user_id: OPAQUE_USER },
    user: OPAQUE_USER,
    stream: false,
  });
});

Deno.test("POST /v1/messages lowers output limit and thinking budget to MAX_OUTPUT_TOKENS", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: message() });
  const thinking = { type: "enabled", budget_tokens: 30_000 };
  const request = { model, messages, max_tokens: 64_000, thinking };
  assertEquals((await post(upstream, request, { MAX_OUTPUT_TOKENS: "8000" })).status, 200);
  const { body } = upstream.requests[0]!;
  assertEquals([body.max_tokens, body.thinking], [8000, { type: "enabled", budget_tokens: 4000 }]);
});

Deno.test("POST /v1/messages streams OpenRouter's bytes", async () => {
  await using upstream = await createUpstream();
  const events = [COMMENT, START, ...TEXT, END, STOP];
  upstream.reply({ sse: events, chop: 7 });
  const answer = await post(upstream, { messages, stream: true });
  assertEquals([answer.status, answer.text], [200, events.join("")]);
  const { stream, model: answered, generation_id, prompt_tokens, completion_tokens, cost } = logs
    .at(-1)!;
  assertEquals(
    [stream, answered, generation_id, prompt_tokens, completion_tokens, cost],
    ["complete", model, "msg_1", 112, 3, 0.001],
  );
});

Deno.test("POST /v1/messages counts every kind of block in a stream as output", async () => {
  const deltas = [
    { type: "thinking_delta", thinking: "Hm" },
    { type: "input_json_delta", partial_json: "{" },
    { type: "text_delta", text: "Hi" },
  ];
  for (const delta of deltas) {
    await using upstream = await createUpstream();
    const events = [START, event("content_block_delta", { index: 0, delta })];
    upstream.reply({ sse: events, end: "cut" });
    const { status, text } = await post(upstream, { messages, stream: true });
    assertEquals([status, text.startsWith(events.join(""))], [200, true], delta.type);
  }
});

Deno.test("POST /v1/messages charges a cut stream for its output", async () => {
  await using upstream = await createUpstream();
  await using ledger = createInsForge();
  ledger.replyAlways(200, { decisions: [], look_ups: [], prices_due: false });
  const text = "word ".repeat(800); // a thousand tokens
  upstream.reply({
    sse: [START, event("content_block_delta", { index: 0, delta: { type: "text_delta", text } })],
    end: "cut",
  });
  const values = { INSFORGE_BASE_URL: ledger.url, API_KEY };
  await post(upstream, { messages, stream: true }, values);
  const [{ completion_tokens }] = JSON.parse(ledger.requests.at(-1)!.text).charges;
  assertEquals(Math.round(completion_tokens / 1_000), 1);
});

const UPSTREAM_ERRORS: [Record<string, unknown>, number, string, string][] = [
  [
    { type: "overloaded_error", message: "Overloaded" },
    502,
    "api_error",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  [{ type: "rate_limit_error", message: "Slower" }, 429, "rate_limit_error", "RATE_LIMITED"],
  [{ type: "billing_error", message: "x" }, 402, "billing_error", "BILLING_INSUFFICIENT_BALANCE"],
  [{ type: "invalid_request_error", message: "x" }, 400, "invalid_request_error", "INVALID_INPUT"],
  [
    { type: "permission_error", message: "x", error_type: "content_policy_violation" },
    403,
    "permission_error",
    "FORBIDDEN",
  ],
];
for (const [error, status, type, code] of UPSTREAM_ERRORS) {
  Deno.test(`POST /v1/messages returns ${status} ${type} when OpenRouter reports ${error.type} with status 200`, async () => {
    const reported = { type: "error", error, request_id: null };
    for (const stream of [false, true]) {
      await using upstream = await createUpstream();
      const reply = stream ? { sse: [START, event("error", reported)] } : { json: reported };
      const isRetried = error.type === "overloaded_error" || error.type === "rate_limit_error";
      upstream.reply(...Array.from({ length: isRetried ? 3 : 1 }, () => reply));
      const answer = await post(upstream, { messages, stream });
      assertEquals([answer.status, answer.body.type], [status, "error"]);
      assertEquals([answer.body.error.type, answer.body.error.metadata.error_code], [type, code]);
    }
  });
}

Deno.test("POST /v1/messages returns errors in Anthropic's shape", async () => {
  await using upstream = await createUpstream();
  const large = { messages: [{ role: "user", content: "x".repeat(9_000_000) }] };
  const failures: [number, string, Promise<{ status: number; body: unknown }>][] = [
    [400, "invalid_request_error", post(upstream, { messages: [] })],
    [401, "authentication_error", post(upstream, { messages }, {}, { token: null })],
    [404, "not_found_error", post(upstream, { messages }, {}, { path: "/v1/messages/none" })],
    [405, "invalid_request_error", post(upstream, undefined, {}, { method: "GET" })],
    [413, "request_too_large", post(upstream, large)],
    [500, "api_error", post(upstream, { messages }, { ALLOWED_ORIGINS: "nowhere" })],
  ];
  for (const [status, type, answering] of failures) {
    const answer = await answering;
    const { type: outer, error } = answer.body as { type: string; error: { type: string } };
    assertEquals([answer.status, outer, error.type], [status, "error", type]);
  }
});

const BROKEN_ENDS: [string, string[]][] = [
  ["reports an error", [event("error", { error: { type: "api_error", message: "x" } })]],
  ["reports an error without a type", ['data: {"error":{"code":502,"message":"x"}}\n\n']],
  ["is cut", []],
];
for (const [kind, end] of BROKEN_ENDS) {
  Deno.test(`POST /v1/messages ends with a named error event when a stream ${kind}`, async () => {
    await using upstream = await createUpstream();
    const events = [START, ...TEXT.slice(0, 2)];
    upstream.reply({ sse: [...events, ...end] });
    const { status, text } = await post(upstream, { messages, stream: true });
    assertEquals([status, text.startsWith(events.join(""))], [200, true]);
    const [name, data, ...rest] = text.slice(events.join("").length).split("\n");
    assertEquals([name, rest], ["event: error", ["", ""]]);
    const last = JSON.parse(data!.replace(/^data: /, ""));
    assertEquals([last.type, last.error.type], ["error", "api_error"]);
    assertEquals(last.error.metadata.error_code, "AI_UPSTREAM_UNAVAILABLE");
    assertEquals(logs.at(-1)!.stream, "AI_UPSTREAM_UNAVAILABLE");
  });
}

Deno.test("POST /v1/messages retries a message without content that used no output tokens", async () => {
  const usage = { input_tokens: 7, output_tokens: 0, cost: 0 };
  const nothing = { ...message(), content: [], usage };
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  const empty = [START, event("message_delta", { delta, usage }), STOP];
  await using upstream = await createUpstream();
  upstream.reply({ json: nothing }, { json: message() });
  assertEquals((await post(upstream, { messages })).body, message());
  const good = [START, ...TEXT, END, STOP];
  upstream.reply({ sse: empty }, { sse: good });
  assertEquals((await post(upstream, { messages, stream: true })).text, good.join(""));
});

Deno.test("POST /v1/messages accepts a finished message without content that was billed", async () => {
  const finished = { ...message(), content: [] };
  await using upstream = await createUpstream();
  upstream.reply({ json: finished }, { sse: [START, END, STOP] });
  assertEquals((await post(upstream, { messages })).body, finished);
  const { text } = await post(upstream, { messages, stream: true });
  assertEquals(text, [START, END, STOP].join(""));
});

Deno.test("POST /v1/messages returns 502 for a response that is not a message", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { id: "msg_1", object: "chat.completion" } });
  const { status, body } = await post(upstream, { messages });
  assertEquals([status, body.error.type], [502, "api_error"]);
});

const BLOCKS = [
  { type: "thinking", thinking: "Hm", signature: "c2ln" },
  { type: "text", text: "Hello" },
  { type: "tool_use", id: "t1", name: "f", input: { city: "Oslo" } },
];

Deno.test("POST /v1/messages converts a JSON response to events when a stream was requested", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { ...message(), content: BLOCKS } });
  const { text } = await post(upstream, { messages, stream: true });
  const events = text.trimEnd().split("\n\n").map((one) => {
    const [name, data] = one.split("\n");
    const value = JSON.parse(data!.replace(/^data: /, ""));
    assertEquals(name, `event: ${value.type}`);
    return value;
  });
  assertEquals([events[0].type, events.at(-1).type], ["message_start", "message_stop"]);
  await using second = await createUpstream();
  second.reply({ text, headers: { "content-type": "text/event-stream" } });
  const { body } = await post(second, { messages });
  assertEquals(body, { ...message(), content: BLOCKS });
});

const REFUSED: [string, Record<string, unknown>, Record<string, string>, string][] = [
  [
    "a model outside ALLOWED_MODELS",
    { model },
    { ALLOWED_MODELS: "openai/gpt-4o-mini" },
    '"model" must be an allowed model: openai/gpt-4o-mini',
  ],
  [
    "a server tool outside ALLOWED_SERVER_TOOLS",
    { tools: [{ type: "web_search_20250305", name: "web_search" }] },
    { ALLOWED_SERVER_TOOLS: "datetime" },
    '"tools[0].type" needs a server tool that is not allowed',
  ],
  [
    "code execution when ALLOWED_SERVER_TOOLS lists web_search",
    { tools: [{ type: "code_execution_20250825", name: "code_execution" }] },
    { ALLOWED_SERVER_TOOLS: "web_search" },
    '"tools[0].type" needs a server tool that is not allowed',
  ],
  [
    "mcp_servers when ALLOWED_SERVER_TOOLS lists web_search",
    { mcp_servers: [{ type: "url", url: "https://mcp.example.com", name: "m" }] },
    { ALLOWED_SERVER_TOOLS: "web_search" },
    '"mcp_servers" needs a server tool that is not allowed',
  ],
  [
    "input above MAX_INPUT_TOKENS in system",
    { system: "word ".repeat(1_000) },
    { MAX_INPUT_TOKENS: "1000" },
    '"system" must have at most 1000 tokens',
  ],
];
for (const [kind, fields, values, reason] of REFUSED) {
  Deno.test(`POST /v1/messages returns 400 for ${kind}`, async () => {
    await using upstream = await createUpstream();
    const { status, body } = await post(upstream, { messages, ...fields }, values);
    assertEquals([status, body.type], [400, "error"]);
    assertStringIncludes(body.error.message, reason);
  });
}

Deno.test("POST /v1/messages bounds the searches of Anthropic's web search", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: message() });
  const tools = [{ type: "web_search_20250305", name: "web_search" }];
  await post(upstream, { model, messages, tools }, { ALLOWED_SERVER_TOOLS: "web_search" });
  assertEquals(upstream.requests[0]!.body.tools, [{ ...tools[0], max_uses: 2 }]);
});

interface PostOptions {
  token?: string | null;
  path?: string;
  method?: string;
}

function post(
  { url }: Upstream,
  request: unknown,
  values: Record<string, string> = {},
  options: PostOptions = {},
) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
  return send(handler, environment, request, { path: "/v1/messages", ...options });
}

function image() {
  return { type: "image", source: { type: "base64", media_type: "image/png", data: "aaaa" } };
}

/** A message as OpenRouter sends it. */
function message(): Record<string, unknown> {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content: [{ type: "text", text: "Hello!" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: USAGE,
  };
}

function event(type: string, rest: Record<string, unknown> = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}
