import { assertEquals, assertMatch } from "@std/assert";
import handler from "../functions/v1/index.ts";
import { createEnvironment, logs, PROMPT, send } from "./support/caller.ts";
import {
  COMMENT,
  completion,
  createUpstream,
  DONE,
  streamOf,
  type Upstream,
  USAGE,
} from "./support/upstream.ts";

const CHAT = { path: "/v1/chat/completions" };
const EMBED = { path: "/v1/embeddings" };
const DRAW = { path: "/v1/images/generations" };
const RESPOND = { path: "/v1/responses" };
const messages = [{ role: "user", content: PROMPT }];

Deno.test("POST /v1/chat/completions answers OpenRouter's body as it came", async () => {
  await using upstream = await createUpstream();
  const body = completion({ content: "Grüße 🌍" }, { a_field_of_tomorrow: { deep: [1, null] } });
  upstream.reply({ json: body });
  const answer = await send(handler, environmentOf(upstream), { messages }, CHAT);
  assertEquals([answer.status, answer.body], [200, body]);
  assertEquals(answer.headers.get("x-generation-id"), "gen-1700000000-abc");
});

Deno.test("POST /v1/chat/completions sends what it was sent, with a model and a limit", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const request = {
    messages,
    n: 2,
    modalities: ["text", "audio"],
    stop: ["."],
    seed: 7,
    logprobs: true,
    store: true,
    reasoning: { effort: "low" },
    a_field_of_tomorrow: { deep: [1, null] },
  };
  await send(handler, environmentOf(upstream), request, CHAT);
  const [{ path, body }] = upstream.requests;
  assertEquals(path, "/api/v1/chat/completions");
  const added = { model: "openai/gpt-4o-mini", max_tokens: 4096, stream: false };
  assertEquals(body, { ...request, ...added });
});

const LIMITS: [string, Record<string, unknown>, Record<string, unknown>][] = [
  ["gpt-4o", { model: "openai/gpt-4o", max_tokens: 9 }, { max_tokens: 9 }],
  ["gpt-5", { model: "openai/gpt-5-mini", max_tokens: 9 }, { max_completion_tokens: 9 }],
  ["gpt-5 without a limit", { model: "openai/gpt-5" }, { max_completion_tokens: 4096 }],
  ["gpt-5 as fallback", { models: ["openai/gpt-5"] }, { max_completion_tokens: 4096 }],
  ["an o-series model", { model: "o4-mini", max_tokens: 9 }, { max_completion_tokens: 9 }],
  ["an open model", { model: "openai/gpt-oss-120b", max_tokens: 9 }, { max_tokens: 9 }],
  ["the newer name", { max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
  ["null", { max_tokens: null, max_completion_tokens: null }, { max_tokens: 4096 }],
];
for (const [kind, given, sent] of LIMITS) {
  Deno.test(`POST /v1/chat/completions sends one limit of tokens: ${kind}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion() });
    await send(handler, environmentOf(upstream), { messages, ...given }, CHAT);
    const { max_tokens, max_completion_tokens } = upstream.requests[0].body;
    assertEquals({ max_tokens, max_completion_tokens }, {
      max_tokens: undefined,
      max_completion_tokens: undefined,
      ...sent,
    });
  });
}

Deno.test("POST /v1/chat/completions streams OpenRouter's bytes", async () => {
  await using upstream = await createUpstream();
  const events = streamOf("Hel", "lo", " 🌍");
  upstream.reply({ sse: events, chop: 3 });
  const { status, headers, text } = await send(
    handler,
    environmentOf(upstream),
    { messages, stream: true },
    CHAT,
  );
  assertEquals([status, text], [200, events.join("")]);
  assertEquals(headers.get("content-type"), "text/event-stream");
  assertEquals(upstream.requests[0].body.stream, true);
  assertEquals(logs.at(-1)!.stream, "complete");
});

Deno.test("POST /v1/embeddings answers floats, whatever was asked of OpenRouter", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: vectors([0.5, -1], [2, 3]) });
  const request = {
    input: ["a", "b"],
    encoding_format: "float",
    user: "u",
    provider: { zdr: true },
  };
  const { status, body } = await send(handler, environmentOf(upstream), request, EMBED);
  assertEquals([status, body], [200, vectors([0.5, -1], [2, 3])]);
  const model = "openai/text-embedding-3-small";
  assertEquals(upstream.requests[0].path, "/api/v1/embeddings");
  assertEquals(upstream.requests[0].body, { ...request, model });
});

Deno.test("POST /v1/embeddings answers base64 on request, from floats", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: vectors([0.5, -1, 3.4e38]) });
  const request = { input: "a", model: "m", encoding_format: "base64" };
  const { body } = await send(handler, environmentOf(upstream), request, EMBED);
  assertEquals(upstream.requests[0].body, { ...request, encoding_format: "float" });
  const bytes = Uint8Array.from(atob(body.data[0].embedding), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length, 12);
  assertEquals([0, 4, 8].map((at) => view.getFloat32(at, true)), [0.5, -1, Math.fround(3.4e38)]);
});

const INPUTS: [string, unknown, number][] = [
  ["one text", "a", 1],
  ["texts", ["a", "b"], 2],
  ["one text's tokens", [15339, 1917], 1],
  ["several texts' tokens", [[15339], [1917]], 2],
  ["parts of other kinds", [{ content: [{ type: "text", text: "a" }] }], 1],
];
for (const [kind, input, count] of INPUTS) {
  Deno.test(`POST /v1/embeddings passes ${kind}, and wants as many vectors`, async () => {
    await using upstream = await createUpstream();
    const all = Array.from({ length: count }, () => [1, 2]);
    upstream.reply({ json: vectors(...all) }, { json: vectors(...all, [3, 4]) });
    assertEquals((await send(handler, environmentOf(upstream), { input }, EMBED)).status, 200);
    assertEquals(upstream.requests[0].body.input, input);
    assertEquals((await send(handler, environmentOf(upstream), { input }, EMBED)).status, 502);
  });
}

Deno.test("GET /v1/models answers OpenRouter's list, asked for once in a while", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: MODELS });
  for (const path of ["/v1/models", "/models", "/v1?route=models"]) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body], [200, MODELS]);
  }
  const [{ method, path }] = upstream.requests;
  assertEquals([method, path], ["GET", "/api/v1/models?output_modalities=all"]);
});

Deno.test("GET /v1/models/{id} answers one model, its slash escaped or not", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: MODELS });
  for (
    const path of [
      "/v1/models/openai/gpt-4o-mini",
      "/models/openai%2Fgpt-4o-mini",
      "/v1?route=models/openai/gpt-4o-mini",
    ]
  ) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body], [200, MODELS.data[0]], path);
  }
  const { status, body } = await get(upstream, "/v1/models/openai/gpt-0");
  const message = 'There is no model "openai/gpt-0"';
  const type = "invalid_request_error";
  assertEquals([status, body.error], [
    404,
    { message, type, code: "AI_INVALID_MODEL", param: "model" },
  ]);
});

Deno.test("GET /v1/models remembers no failure", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: {} }, { json: { no: "data" } }, { json: MODELS });
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await get(upstream, "/v1/models")).status);
  assertEquals(statuses, [400, 502, 200]);
});

Deno.test("POST /v1/images/generations maps OpenAI's request onto OpenRouter's", async () => {
  await using upstream = await createUpstream();
  const data = [{ b64_json: "aaaa", media_type: "image/png" }];
  upstream.reply({ json: { created: 1, data, usage: USAGE } });
  const { status, body } = await send(handler, environmentOf(upstream), {
    prompt: "a cat",
    n: 2,
    size: "1024x1024",
    quality: "hd",
    response_format: "b64_json",
    background: null,
    output_format: "webp",
    user: "u",
    seed: 3,
  }, DRAW);
  assertEquals(status, 200);
  assertEquals(body, {
    created: 1,
    data,
    usage: { ...USAGE, input_tokens: 10, output_tokens: 5 },
  });
  const [{ path, body: sent }] = upstream.requests;
  assertEquals(path, "/api/v1/images");
  assertEquals(sent, {
    model: "google/gemini-2.5-flash-image",
    prompt: "a cat",
    n: 2,
    size: "1024x1024",
    quality: "high",
    output_format: "webp",
    user: "u",
    seed: 3,
  });
});

Deno.test("POST /v1/images/generations leaves out what OpenAI calls auto", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { created: 1, data: [{ b64_json: "aaaa" }] } });
  const request = { model: "m", prompt: "a cat", size: "auto", quality: "auto" };
  const { body } = await send(handler, environmentOf(upstream), request, DRAW);
  assertEquals(body, { created: 1, data: [{ b64_json: "aaaa" }] });
  assertEquals(upstream.requests[0].body, { model: "m", prompt: "a cat", quality: "auto" });
});

Deno.test("POST /v1/images/generations cannot answer addresses without its bucket", async () => {
  await using upstream = await createUpstream();
  await using insforge = await createUpstream();
  upstream.reply({ json: { created: 1, data: [{ b64_json: "aaaa", media_type: "image/jpeg" }] } });
  insforge.reply((request) => {
    assertEquals(request.path, "/api/storage/buckets/pictures/upload-strategy");
    assertMatch(request.body.filename, /^[\w-]{36}\.jpeg$/);
    return { status: 404, json: { error: "STORAGE_NOT_FOUND", message: "x", statusCode: 404 } };
  });
  const environment = environmentOf(upstream, {
    INSFORGE_BASE_URL: new URL(insforge.url).origin,
    IMAGE_BUCKET: "pictures",
  });
  const request = { prompt: "a cat", response_format: "url" };
  const { status, body } = await send(handler, environment, request, DRAW);
  assertEquals([status, body.error.code], [400, "STORAGE_NOT_FOUND"]);
  assertMatch(body.error.message, /"pictures"/);
});

Deno.test("POST /v1/responses passes a response both ways", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: response() });
  const request = {
    input: PROMPT,
    instructions: "Be brief",
    store: false,
    reasoning: { effort: "low" },
    tools: [
      { type: "function", name: "f", parameters: { type: "object" }, strict: null },
      { type: "openrouter:web_search" },
    ],
    a_field_of_tomorrow: [1],
  };
  const answer = await send(handler, environmentOf(upstream), request, RESPOND);
  assertEquals([answer.status, answer.body], [200, response()]);
  const [{ path, body }] = upstream.requests;
  assertEquals(path, "/api/v1/responses");
  assertEquals(body, {
    ...request,
    model: "openai/gpt-4o-mini",
    max_output_tokens: 4096,
    stream: false,
    tools: [
      request.tools[0],
      { type: "openrouter:web_search", parameters: { max_results: 5, max_total_results: 10 } },
    ],
  });
  const { model, generation_id, prompt_tokens, completion_tokens, cost } = logs.at(-1)!;
  assertEquals(
    [model, generation_id, prompt_tokens, completion_tokens, cost],
    ["openai/gpt-4o-mini", "resp_1", 7, 3, 0.001],
  );
});

Deno.test("POST /v1/responses streams OpenRouter's bytes", async () => {
  await using upstream = await createUpstream();
  const events = [
    COMMENT,
    CREATED,
    event("response.output_text.delta", { delta: "Hel" }),
    event("response.output_text.delta", { delta: "lo" }),
    event("response.completed", { response: response() }),
    DONE,
  ];
  upstream.reply({ sse: events, chop: 7 });
  const request = { input: "Hi", stream: true };
  const answer = await send(handler, environmentOf(upstream), request, RESPOND);
  assertEquals([answer.status, answer.text], [200, events.join("")]);
  const { stream, model, generation_id, prompt_tokens, cost } = logs.at(-1)!;
  assertEquals([stream, model, generation_id, prompt_tokens, cost], [
    "complete",
    "openai/gpt-4o-mini",
    "resp_1",
    7,
    0.001,
  ]);
});

const CREATED = event("response.created", {
  response: { ...response(), status: "in_progress", output: [], usage: null },
});

const FAILED_RESPONSES: [string, Record<string, unknown>, number, string][] = [
  [
    "that failed",
    {
      status: "failed",
      error: { code: "invalid_prompt", message: "Too odd" },
    },
    400,
    "INVALID_INPUT",
  ],
  [
    "that failed in OpenRouter's words",
    {
      status: "failed",
      error_type: "context_length_exceeded",
      error: { code: "unknown", message: "Too long" },
    },
    400,
    "INVALID_INPUT",
  ],
  ["that failed without words", { status: "failed" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  ["that is none", { output: undefined }, 502, "AI_UPSTREAM_UNAVAILABLE"],
];
for (const [kind, odd, status, code] of FAILED_RESPONSES) {
  Deno.test(`POST /v1/responses answers ${status} for a response ${kind}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: { ...response(), ...odd } });
    const answer = await send(handler, environmentOf(upstream), { input: "Hi" }, RESPOND);
    assertEquals([answer.status, answer.body.error.code], [status, code]);
  });
}

Deno.test("POST /v1/responses answers with a status while a stream has said nothing", async () => {
  await using upstream = await createUpstream();
  const error = { code: "invalid_prompt", message: "Too odd" };
  const failed = event("response.failed", { response: { ...response(), status: "failed", error } });
  upstream.reply({ sse: [CREATED, failed] });
  const answer = await send(
    handler,
    environmentOf(upstream),
    { input: "Hi", stream: true },
    RESPOND,
  );
  assertEquals([answer.status, answer.body.error.message], [400, "Too odd"]);
});

const BROKEN_ENDS: [string, string[]][] = [
  ["fails", [event("response.failed", { response: { error: { code: "server_error" } } })]],
  ["sends an error", [event("error", { code: "server_error", message: "x", param: null })]],
  ["is cut", []],
];
for (const [kind, end] of BROKEN_ENDS) {
  Deno.test(`POST /v1/responses ends with an error event when a stream ${kind}`, async () => {
    await using upstream = await createUpstream();
    const events = [CREATED, event("response.output_text.delta", { delta: "Hel" })];
    upstream.reply({ sse: [...events, ...end] });
    const request = { input: "Hi", stream: true };
    const { status, text } = await send(handler, environmentOf(upstream), request, RESPOND);
    assertEquals([status, text.startsWith(events.join(""))], [200, true]);
    const last = JSON.parse(text.slice(events.join("").length).replace(/^data: /, ""));
    assertEquals([last.type, last.code, last.error.code], [
      "error",
      "AI_UPSTREAM_UNAVAILABLE",
      "AI_UPSTREAM_UNAVAILABLE",
    ]);
    assertEquals(logs.at(-1)!.stream, "AI_UPSTREAM_UNAVAILABLE");
  });
}

const REFUSED: [string, string, Record<string, unknown>, string, RegExp][] = [
  ["a prompt", "chat/completions", { prompt: "Hi" }, "prompt", /must be left out/],
  [
    "a prompt beside messages",
    "chat/completions",
    { prompt: "Hi", messages },
    "prompt",
    /left out/,
  ],
  ["no messages", "chat/completions", { messages: [] }, "messages", /must be a non-empty array/],
  [
    "a wrong part",
    "chat/completions",
    { messages: [{ role: "user", content: [{ type: "text" }] }] },
    "messages[0].content[0].text",
    /is required/,
  ],
  [
    "too many tokens",
    "chat/completions",
    { messages, max_tokens: 20_000 },
    "max_tokens",
    /must be 16384 or less/,
  ],
  [
    "too many tokens by their newer name",
    "chat/completions",
    { messages, max_completion_tokens: 20_000 },
    "max_completion_tokens",
    /must be 16384 or less/,
  ],
  ["no input", "embeddings", { input: [] }, "input", /must be/],
  ["an empty text", "embeddings", { input: ["a", ""] }, "input[1]", /must/],
  [
    "an unknown encoding",
    "embeddings",
    { input: "a", encoding_format: "hex" },
    "encoding_format",
    /one of/,
  ],
  ["eleven images", "images/generations", { prompt: "x", n: 11 }, "n", /must be 10 or less/],
  ["a streamed image", "images/generations", { prompt: "x", stream: true }, "stream", /false/],
  ["a long prompt", "images/generations", { prompt: "x".repeat(4001) }, "prompt", /at most 4000/],
  ["to store", "responses", { input: "Hi", store: true }, "store", /must be false/],
  [
    "what was not stored",
    "responses",
    { input: "Hi", previous_response_id: "resp_1" },
    "previous_response_id",
    /must be left out/,
  ],
  ["a conversation", "responses", { input: "Hi", conversation: "c" }, "conversation", /left out/],
  ["background work", "responses", { input: "Hi", background: true }, "background", /false/],
  [
    "too many tokens",
    "responses",
    { input: "Hi", max_output_tokens: 20_000 },
    "max_output_tokens",
    /must be 16384 or less/,
  ],
];
for (const [kind, operation, body, param, message] of REFUSED) {
  Deno.test(`POST /v1/${operation} refuses ${kind} in OpenAI's shape`, async () => {
    const answer = await send(handler, createEnvironment(), body, { path: `/v1/${operation}` });
    assertEquals(answer.status, 400);
    const { message: told, ...error } = answer.body.error;
    assertEquals(error, { type: "invalid_request_error", code: "INVALID_INPUT", param });
    assertMatch(told, message);
  });
}

Deno.test("every operation of v1 is reached without a sub-path, too", async () => {
  for (const { path } of handler.routes) {
    const route = path.slice(1).replace(":id{.+}", "openai/gpt-4o-mini");
    const method = /models/.test(path) ? "GET" : "POST";
    const { status, body } = await send(handler, createEnvironment(), {}, {
      path: `/v1?route=${route}`,
      method,
      token: null,
    });
    assertEquals([status, body.error.code], [401, "AUTH_INVALID_CREDENTIALS"], path);
  }
});

Deno.test("v1 answers 404 and 405 in OpenAI's shape", async () => {
  const missing = await send(handler, createEnvironment(), {}, { path: "/v1/completions" });
  assertEquals([missing.status, missing.body.error.type], [404, "invalid_request_error"]);
  const wrong = { path: "/v1/models/openai/gpt-4o-mini", method: "PUT" };
  const { status, headers, body } = await send(handler, createEnvironment(), {}, wrong);
  assertEquals([status, headers.get("allow"), body.error.param], [405, "GET, OPTIONS", null]);
});

const MODELS = {
  data: [{ id: "openai/gpt-4o-mini", name: "GPT-4o-mini" }, {
    id: "openai/text-embedding-3-small",
  }],
  total_count: 2,
};

function get(upstream: Upstream, path: string) {
  return send(handler, environmentOf(upstream), undefined, { path, method: "GET" });
}

function vectors(...all: number[][]) {
  return {
    object: "list",
    model: "openai/text-embedding-3-small",
    data: all.map((embedding, index) => ({ object: "embedding", index, embedding })),
    usage: { prompt_tokens: 2, total_tokens: 2, cost: 0.00001 },
  };
}

/** A response as OpenRouter sends it. */
function response(): Record<string, unknown> {
  return {
    id: "resp_1",
    object: "response",
    created_at: 1_700_000_000,
    model: "openai/gpt-4o-mini",
    status: "completed",
    error: null,
    incomplete_details: null,
    output: [{
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Hello!", annotations: [] }],
    }],
    usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10, cost: 0.001 },
  };
}

function event(type: string, rest: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}

/** Settings of a project whose OpenRouter is the scripted one. */
function environmentOf({ url }: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
}
