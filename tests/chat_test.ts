import { assertEquals, assertMatch } from "@std/assert";
import handler from "../functions/chat/index.ts";
import {
  createEnvironment,
  createRequest,
  logs,
  OPAQUE_USER,
  PROMPT,
  send,
  USER_ID,
} from "./support/caller.ts";
import { completion, createUpstream, USAGE } from "./support/upstream.ts";

Deno.test("POST /chat returns the answer to a prompt", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion({ content: "Grüße 🌍" }) });
  const { status, headers, body } = await send(handler, environmentOf(upstream), {
    prompt: PROMPT,
  });
  assertEquals(status, 200);
  assertEquals(headers.get("x-generation-id"), "gen-1700000000-abc");
  assertEquals(body, {
    id: "gen-1700000000-abc",
    model: "openai/gpt-4o-mini",
    text: "Grüße 🌍",
    finish_reason: "stop",
    usage: USAGE,
  });
});

Deno.test("POST /chat sends the default model, an output limit and the app's name", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    OPENROUTER_CHAT_MODEL: "google/gemini-2.5-flash",
    OPENROUTER_SITE_URL: "https://app.example.com",
    OPENROUTER_APP_NAME: "My app",
  });
  await send(handler, environment, { prompt: PROMPT });
  const { method, path, headers, body } = upstream.requests[0]!;
  assertEquals([method, path], ["POST", "/api/v1/chat/completions"]);
  assertEquals(body, {
    model: "google/gemini-2.5-flash",
    messages: [{ role: "user", content: PROMPT }],
    max_tokens: 4096,
    user: OPAQUE_USER,
    stream: false,
  });
  assertMatch(headers.get("authorization")!, /^Bearer sk-or-v1-/);
  assertEquals(headers.get("http-referer"), "https://app.example.com");
  assertEquals(headers.get("x-openrouter-title"), "My app");
  assertEquals(headers.get("x-title"), "My app");
});

Deno.test("POST /chat sends the caller's app to OpenRouter without settings for it", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const caller = { "HTTP-Referer": "https://caller.example/", "X-Title": "Caller's app" };
  await send(handler, environment, { prompt: PROMPT }, { headers: caller });
  const { headers } = upstream.requests[0]!;
  assertEquals(headers.get("http-referer"), "https://caller.example/");
  assertEquals([headers.get("x-openrouter-title"), headers.get("x-title")], [
    "Caller's app",
    "Caller's app",
  ]);
});

Deno.test("POST /chat passes a conversation and OpenRouter's fields on unchanged", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const request = {
    messages: [
      { role: "system", content: "Be brief" },
      {
        role: "user",
        content: [
          { type: "text", text: PROMPT },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "low" } },
          {
            type: "file",
            file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AA" },
          },
        ],
      },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }],
        reasoning_details: [{ type: "reasoning.encrypted", data: "x" }],
      },
      { role: "tool", tool_call_id: "call_1", content: "42" },
    ],
    model: "anthropic/claude-sonnet-4.5",
    models: ["openai/gpt-4o", "openai/gpt-4o-mini"],
    tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
    tool_choice: "auto",
    response_format: { type: "json_schema", json_schema: { name: "x", schema: {} } },
    reasoning: { effort: "low" },
    provider: { order: ["openai"], allow_fallbacks: false },
    plugins: [{ id: "file-parser" }],
    max_tokens: 100,
    temperature: 0,
    seed: 7,
    a_field_of_tomorrow: { deep: [1, null] },
  };
  await send(handler, environmentOf(upstream), request);
  assertEquals(upstream.requests[0]!.body, { ...request, user: OPAQUE_USER, stream: false });
});

Deno.test("POST /chat bounds a web search that the request does not bound", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() }, { json: completion() });
  const search = (parameters?: unknown) => ({
    prompt: PROMPT,
    tools: [{ type: "openrouter:web_search", parameters }],
  });
  await send(handler, environmentOf(upstream), search());
  await send(handler, environmentOf(upstream), search({ max_results: 3, engine: "exa" }));
  assertEquals(upstream.requests.map(({ body }) => body.tools[0].parameters), [
    { max_results: 5, max_total_results: 10 },
    { max_results: 3, max_total_results: 10, engine: "exa" },
  ]);
  const { status, body } = await send(
    handler,
    environmentOf(upstream),
    search({ max_results: 26 }),
  );
  assertEquals(status, 400);
  assertEquals(body.message, '"tools[0].parameters.max_results" must be a number from 1 to 25');
});

Deno.test("POST /chat returns tool calls, reasoning, annotations and images unchanged", async () => {
  await using upstream = await createUpstream();
  const additions = {
    tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
    reasoning: "thinking",
    reasoning_details: [{ type: "reasoning.text", text: "thinking" }],
    annotations: [{ type: "url_citation", url_citation: { url: "https://example.com" } }],
    images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA" } }],
  };
  upstream.reply({
    json: completion({ content: null, ...additions }, { finish_reason: "tool_calls" }),
  });
  const { body } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals(body.text, "");
  assertEquals(body.finish_reason, "tool_calls");
  assertEquals(
    { ...body, id: 0, model: 0, text: 0, finish_reason: 0, usage: 0 },
    { id: 0, model: 0, text: 0, finish_reason: 0, usage: 0, ...additions },
  );
});

Deno.test("POST /chat returns finish_reason length when reasoning used all tokens", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion({ content: "" }, { finish_reason: "length" }) });
  const { status, body } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([status, body.text, body.finish_reason], [200, "", "length"]);
});

Deno.test("POST /chat returns the error inside a 200", async () => {
  await using upstream = await createUpstream();
  const error = { code: 400, message: "Provider returned error", metadata: { raw: "bad schema" } };
  upstream.reply({ json: { id: "gen-1", error } });
  const first = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([first.status, first.body.error, first.body.message], [
    400,
    "INVALID_INPUT",
    "bad schema",
  ]);

  const { choices: [choice], ...rest } = completion() as { choices: unknown[] };
  upstream.reply({ json: { ...rest, choices: [{ ...choice as object, error }] } });
  const second = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals(second.status, 400);
});

Deno.test("POST /chat responds when the gateway's id cannot be a header", async () => {
  await using upstream = await createUpstream();
  for (const id of ["gén-🌍", "a\nb"]) {
    upstream.reply({ json: completion({}, { id }) });
    const { status, body, headers } = await send(handler, environmentOf(upstream), {
      prompt: PROMPT,
    });
    assertEquals([status, body.id, headers.get("x-generation-id")], [200, id, null]);
  }
});

Deno.test("POST /chat joins a text that arrives in parts", async () => {
  await using upstream = await createUpstream();
  const parts = [{ type: "text", text: "Hel" }, { type: "text", text: "lo!" }];
  upstream.reply({ json: completion({ content: parts }) });
  const whole = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals(whole.body.text, "Hello!");
});

Deno.test("POST /chat returns a finished turn without text after one upstream call", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion({ content: "" }) });
  const { status, body } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([status, body.text, body.finish_reason], [200, "", "stop"]);
});

Deno.test("POST /chat returns 502 when nothing was generated in three attempts", async () => {
  await using upstream = await createUpstream();
  const empty = { json: completion({ content: "" }, { usage: { completion_tokens: 0 } }) };
  upstream.reply(empty, empty, empty);
  const { status, body } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("POST /chat passes Retry-After on when it is too long to wait for", async () => {
  await using upstream = await createUpstream();
  upstream.reply({
    status: 429,
    headers: { "retry-after": "3600" },
    json: { error: { code: 429, message: "Rate limit exceeded" } },
  });
  const { status, body, headers } = await send(handler, environmentOf(upstream), {
    prompt: PROMPT,
  });
  assertEquals([status, body.error], [429, "RATE_LIMITED"]);
  assertEquals(headers.get("retry-after"), "3600");
});

Deno.test("POST /chat aborts the upstream call when the connection is closed", async () => {
  await using upstream = await createUpstream();
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  upstream.reply(async () => {
    arrived.resolve();
    await released.promise;
    return { json: completion() };
  });
  const abort = new AbortController();
  const answer = handler(
    createRequest({ prompt: PROMPT }, { signal: abort.signal }),
    environmentOf(upstream),
  );
  await arrived.promise;
  abort.abort();
  assertEquals((await answer).status, 499);
  assertEquals(await upstream.requests[0]!.cancelled, true);
  released.resolve();
});

Deno.test("POST /chat returns 504 at its deadline", async () => {
  await using upstream = await createUpstream();
  const arrived = Promise.withResolvers<void>();
  upstream.reply(() => {
    arrived.resolve();
    return { sse: [" "], headers: { "content-type": "application/json" }, end: "hang" };
  });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    REQUEST_DEADLINE_MS: "50000",
  });
  const { setTimeout } = globalThis;
  // The deadline passes when the call is in flight, however long the machine takes until then.
  globalThis.setTimeout = ((callback: () => void, ms = 0) => {
    if (ms < 10_000 || ms > 50_000) return setTimeout(callback, ms);
    arrived.promise.then(callback);
  }) as typeof setTimeout;
  try {
    const { status, body } = await send(handler, environment, { prompt: PROMPT });
    assertEquals([status, body.error], [504, "AI_UPSTREAM_UNAVAILABLE"]);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
});

Deno.test("POST /chat writes one log line with user, tokens and cost, and without prompt and answer", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const before = logs.length;
  await send(handler, environmentOf(upstream), { prompt: PROMPT }, {
    headers: { "X-Request-Id": "trace-1" },
  });
  assertEquals(logs.length, before + 1);
  const { timestamp, ms, first_byte_ms, ...line } = logs[before]!;
  assertMatch(String(timestamp), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assertEquals([typeof ms, typeof first_byte_ms], ["number", "number"]);
  assertEquals(line, {
    slug: "chat",
    request_id: "trace-1",
    method: "POST",
    status: 200,
    user_id: USER_ID,
    model: "openai/gpt-4o-mini",
    generation_id: "gen-1700000000-abc",
    prompt_tokens: USAGE.prompt_tokens,
    completion_tokens: USAGE.completion_tokens,
    cost: USAGE.cost,
  });
});

for (
  const [body, message] of [
    [{ prompt: "" }, '"prompt" must not be empty'],
    [{ prompt: 5 }, '"prompt" must be a string'],
    [{ prompt: "x".repeat(4001) }, '"prompt" must have at most 4000 characters'],
    [{ prompt: "x", messages: [] }, '"messages" must be a non-empty array'],
    [{ messages: [] }, '"messages" must be a non-empty array'],
    [{ messages: "hi" }, '"messages" must be an array'],
    [{ messages: [{ role: "robot", content: "x" }] }, /^"messages\[0\]\.role" must be one of/],
    [{ messages: [{ role: "user" }] }, /^"messages\[0\]\.content" is required/],
    [{ messages: [{ role: "user", content: [{}] }] }, '"messages[0].content[0].type" is required'],
    [{ messages: [{ role: "tool", content: "x" }] }, /^"messages\[0\]\.tool_call_id" is required/],
    [
      {
        messages: [{
          role: "user",
          content: [{ type: "image_url", image_url: { url: "file:///etc/passwd" } }],
        }],
      },
      /^"messages\[0\]\.content\[0\]\.image_url\.url" must be an http\(s\) URL/,
    ],
    [{ prompt: "x", max_tokens: 0 }, '"max_tokens" must be 1 or more'],
    [{ prompt: "x", max_tokens: 1.5 }, '"max_tokens" must be a whole number'],
    [{ prompt: "x", max_tokens: 20_000 }, '"max_tokens" must be 16384 or less'],
    [{ prompt: "x", models: [] }, '"models" must be a non-empty array'],
    [{ prompt: "x", model: "" }, '"model" must not be empty'],
    [{ prompt: "x", tools: [{ type: "function" }] }, /^"tools\[0\]\.function" is required/],
    [{ prompt: "x", stream: true }, /^"stream" must be false/],
    [{ prompt: "x", n: 2 }, /^"n" must be 1/],
    [{ prompt: "x", modalities: ["text", "audio"] }, /^"modalities" must not hold "audio"/],
  ] as [unknown, string | RegExp][]
) {
  Deno.test(`POST /chat rejects ${JSON.stringify(body).slice(0, 80)}`, async () => {
    const answer = await send(handler, createEnvironment(), body);
    assertEquals([answer.status, answer.body.error], [400, "INVALID_INPUT"]);
    if (typeof message === "string") assertEquals(answer.body.message, message);
    else assertMatch(answer.body.message, message);
  });
}

function environmentOf({ url }: { url: string }) {
  return createEnvironment({ OPENROUTER_BASE_URL: url });
}
