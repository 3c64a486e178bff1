import { createClient } from "@insforge/sdk";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import handler, { aliases } from "../functions/legacy-compat/index.ts";
import { createEnvironment, createRequest, logs, PROMPT, send, TOKEN } from "./support/caller.ts";
import { createStage } from "./support/replay_ai.ts";
import {
  chunk,
  completion,
  createUpstream,
  DONE,
  type Reply,
  streamOf,
  type Upstream,
} from "./support/upstream.ts";

const CHAT = { path: "/legacy-compat/ai/chat/completion" };
const IMAGE = { path: "/legacy-compat/ai/image/generation" };
const MODELS = { path: "/legacy-compat/ai/models", method: "GET" };
const KEYS = { ANON_KEY: "anon_0123", API_KEY: "ik_0123" };
const functions = new Map(["legacy-compat", ...aliases].map((slug) => [slug, handler]));
const request = { model: "m", messages: [{ role: "user", content: PROMPT }] };
const unreachable = createEnvironment();

const ADDRESSES = [
  "/legacy-compat/ai/chat/completion",
  "/legacy-compat/api/ai/chat/completion",
  "/legacy-compat?route=chat/completion",
  "/api/ai/chat/completion",
  "/api/api/ai/chat/completion",
  "/api?route=chat/completion",
  "/api/?route=/ai/chat/completion",
  "/functions/api/ai/chat/completion",
];
for (const address of ADDRESSES) {
  Deno.test(`POST ${address} reaches the chat over HTTP`, async () => {
    await using stage = await createStage(functions);
    stage.upstream.reply({ json: completion() });
    const response = await fetch(stage.baseUrl + address, {
      method: "POST",
      headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
    assertEquals([response.status, (await response.json()).text], [200, "Hello!"]);
  });
}

for (const [route, path] of [["embeddings", "/embeddings"], ["image/generation", "/chat/comp"]]) {
  Deno.test(`POST /api?route=${route} reaches that route`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: { ...completion(), data: [] } });
    const body = { model: "m", prompt: "p", input: "i" };
    const answer = await send(handler, environmentOf(upstream), body, {
      path: `/api?route=${route}`,
    });
    assertEquals(answer.status, 200);
    assert(upstream.requests[0].path.includes(path));
  });
}

for (
  const [method, path] of [["DELETE", CHAT.path], ["GET", "/api/ai/nothing?a=1"], ["GET", "/api"]]
) {
  Deno.test(`${method} ${path} is 404, as it was`, async () => {
    const { status, body } = await send(handler, unreachable, {}, { method, path });
    const endpoint = path.replace("/legacy-compat", "/api");
    assertEquals([status, body.error, body.message], [
      404,
      "NOT_FOUND",
      `Endpoint ${endpoint} not found`,
    ]);
  });
}

const CREDENTIALS: Record<string, [Record<string, string>, string | null, number, string?]> = {
  "no setting, the anon key": [{}, KEYS.ANON_KEY, 401, "AUTH_UNAUTHORIZED"],
  "no setting, the API key": [{}, KEYS.API_KEY, 401, "AUTH_UNAUTHORIZED"],
  "LEGACY_ALLOW_ANON, the anon key": [{ LEGACY_ALLOW_ANON: "true" }, KEYS.ANON_KEY, 200],
  "LEGACY_ALLOW_ANON, the API key": [
    { LEGACY_ALLOW_ANON: "true" },
    KEYS.API_KEY,
    401,
    "AUTH_UNAUTHORIZED",
  ],
  "LEGACY_ALLOW_ANON, an anon key wrong in its last letter": [
    { LEGACY_ALLOW_ANON: "true" },
    "anon_0124",
    401,
    "AUTH_INVALID_CREDENTIALS",
  ],
  "LEGACY_ALLOW_API_KEY, the API key": [{ LEGACY_ALLOW_API_KEY: "true" }, KEYS.API_KEY, 200],
  "LEGACY_ALLOW_API_KEY, the anon key": [
    { LEGACY_ALLOW_API_KEY: "true" },
    KEYS.ANON_KEY,
    401,
    "AUTH_UNAUTHORIZED",
  ],
  "LEGACY_ALLOW_API_KEY, an API key wrong in its last letter": [
    { LEGACY_ALLOW_API_KEY: "true" },
    "ik_0124",
    401,
    "AUTH_INVALID_API_KEY",
  ],
  "LEGACY_ALLOW_API_KEY, an API key that lacks its last letter": [
    { LEGACY_ALLOW_API_KEY: "true" },
    "ik_012",
    401,
    "AUTH_INVALID_API_KEY",
  ],
  "LEGACY_ALLOW_API_KEY without API_KEY": [
    { LEGACY_ALLOW_API_KEY: "true", API_KEY: "" },
    "ik_0123",
    401,
    "AUTH_INVALID_API_KEY",
  ],
};
for (const [kind, [settings, token, status, code]] of Object.entries(CREDENTIALS)) {
  Deno.test(`with ${kind} is answered ${status} ${code ?? ""}`, async () => {
    await using upstream = await createUpstream();
    if (status === 200) upstream.reply({ json: completion() });
    const answer = await send(handler, environmentOf(upstream, settings), request, {
      ...CHAT,
      token,
    });
    assertEquals([answer.status, answer.body.error], [status, code]);
    assertEquals(
      answer.headers.get("WWW-Authenticate"),
      code === "AUTH_UNAUTHORIZED" ? "Bearer" : null,
    );
  });
}

Deno.test("x-api-key counts as API key, before any bearer token", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const allowed = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const call = (environment: typeof allowed, key: string, token: string | null) =>
    send(handler, environment, request, { ...CHAT, token, headers: { "x-api-key": key } });
  assertEquals((await call(allowed, KEYS.API_KEY, null)).status, 200);
  assertEquals((await call(allowed, "ik_0124", TOKEN)).body.error, "AUTH_INVALID_API_KEY");
  assertEquals((await call(unreachable, "ik_0124", TOKEN)).body.error, "AUTH_UNAUTHORIZED");
});

Deno.test("a caller who leaves a stream cancels the upstream call, at once", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [chunk({ content: "a" })], end: "hang" });
  const response = await handler(
    createRequest({ ...request, stream: true }, CHAT),
    environmentOf(upstream),
  );
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), 'data: {"chunk":"a"}\n\n');
  const waiting = reader.read();
  await reader.cancel();
  assertEquals(await waiting, { value: undefined, done: true });
  assertEquals(await upstream.requests[0].cancelled, true);
  assertEquals(logs.at(-1)!.stream, "cancelled");
});

const BROKEN: Record<string, [Reply, string, string]> = {
  "an error in mid-stream": [
    { sse: [chunk({ content: "a" }), 'data: {"error":{"code":502,"message":"gone"}}\n\n', DONE] },
    "Failed to stream response: gone",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "a cut": [
    { sse: [chunk({ content: "a" })], end: "cut" },
    "Failed to stream response: The AI provider's stream broke off before the answer was complete",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "a stall": [
    { sse: [chunk({ content: "a" })], end: "hang" },
    "Failed to stream response: The AI provider's stream stalled before the answer was complete",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "an error that quotes a key": [
    { sse: [chunk({ content: "a" }), 'data: {"error":{"message":"key sk-or-v1-abcdef"}}\n\n'] },
    "Failed to stream response: key [removed]",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
};
for (const [kind, [reply, message, code]] of Object.entries(BROKEN)) {
  Deno.test(`${kind} ends a stream with one error event and no done`, async () => {
    await using upstream = await createUpstream();
    upstream.reply(reply);
    const environment = environmentOf(upstream, { STREAM_IDLE_WATCHDOG_MS: "1000" });
    const { text } = await send(handler, environment, { ...request, stream: true }, CHAT);
    assertEquals(toEvents(text), [{ chunk: "a" }, { error: true, message }]);
    assertEquals(logs.at(-1)!.stream, code);
  });
}

Deno.test("a passing error before a stream's first chunk is tried again, unseen", async () => {
  await using upstream = await createUpstream();
  const error = { code: 429, message: "Slow down" };
  upstream.reply({ sse: [`data: ${JSON.stringify({ error })}\n\n`] }, { sse: streamOf("a") });
  const { text } = await send(handler, environmentOf(upstream), { ...request, stream: true }, CHAT);
  assertEquals(toEvents(text).map((event) => Object.keys(event)[0]), [
    "chunk",
    "tokenUsage",
    "done",
  ]);
});

Deno.test("a passing error that lasts is the stream's only event, in the gateway's words", async () => {
  await using upstream = await createUpstream();
  const event = 'data: {"error":{"code":429,"message":"Slow down"}}\n\n';
  upstream.reply({ sse: [event] }, { sse: [event] }, { sse: [event] });
  const { status, text } = await send(handler, environmentOf(upstream), {
    ...request,
    stream: true,
  }, CHAT);
  const message = "Failed to stream response: Slow down";
  assertEquals([status, toEvents(text)], [200, [{ error: true, message }]]);
  assertEquals(logs.at(-1)!.stream, "RATE_LIMITED");
});

Deno.test("a passing error inside a 200 is tried again", async () => {
  await using upstream = await createUpstream();
  const images = [{ type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }];
  upstream.reply(
    { json: { error: { code: 502, message: "gone" } } },
    { json: completion({ images, content: null }) },
  );
  const body = { model: "m", prompt: PROMPT };
  const answer = await send(handler, environmentOf(upstream), body, IMAGE);
  assertEquals(answer.body.images, [{ type: "imageUrl", imageUrl: images[0].image_url.url }]);
});

Deno.test("a failure that the old contract hides stands in the log", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { error: { code: 400, message: "No" } } });
  const body = { model: "m", prompt: PROMPT };
  const answer = await send(handler, environmentOf(upstream), body, IMAGE);
  assertEquals([answer.status, answer.body.images], [200, []]);
  assertEquals(logs.at(-1)!.failure, "INVALID_INPUT");
});

Deno.test("moderation is a key problem on the wire, and what it is in the log", async () => {
  await using upstream = await createUpstream();
  const error = { code: 403, message: "Flagged", metadata: { reasons: ["violence"] } };
  upstream.reply({ status: 403, json: { error } });
  const { status, body } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals([status, body.error], [401, "AI_INVALID_API_KEY"]);
  const { error: told, failure } = logs.at(-1)!;
  assertEquals([told, failure], ["AI_INVALID_API_KEY", "FORBIDDEN"]);
});

Deno.test("a rate limit passes Retry-After on", async () => {
  await using upstream = await createUpstream();
  upstream.reply({
    status: 429,
    headers: { "Retry-After": "3600" },
    json: { error: { code: 429, message: "Slow down" } },
  });
  const { status, headers } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals([status, headers.get("Retry-After")], [429, "3600"]);
});

Deno.test("an upstream message is passed on without credentials", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: { error: { message: "bad key sk-or-v1-0123456789" } } });
  const { body } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals(body.message, "400 bad key [removed]");
});

Deno.test("the app is named to OpenRouter as everywhere, InsForge no longer is", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const settings = { OPENROUTER_SITE_URL: "https://app.example.com", OPENROUTER_APP_NAME: "App" };
  await send(handler, environmentOf(upstream, settings), request, CHAT);
  const { headers } = upstream.requests[0];
  assertEquals(headers.get("HTTP-Referer"), "https://app.example.com");
  assertEquals(headers.get("X-Title"), "App");
});

for (const [limit, maxTokens, status] of [["10", 11, 400], ["20000", 20000, 200]] as const) {
  Deno.test(`MAX_OUTPUT_TOKENS=${limit} answers ${status} to maxTokens ${maxTokens}`, async () => {
    await using upstream = await createUpstream();
    if (status === 200) upstream.reply({ json: completion() });
    const environment = environmentOf(upstream, { MAX_OUTPUT_TOKENS: limit });
    const { body, ...answer } = await send(handler, environment, { ...request, maxTokens }, CHAT);
    assertEquals(answer.status, status);
    if (status === 200) assertEquals(upstream.requests[0].body.max_tokens, maxTokens);
    else assertEquals(body.message, "Validation error: Exceeds configured maximum token cap.");
  });
}

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const BODIES: Record<string, [BodyInit, number, RegExp, Record<string, string>?]> = {
  "invalid UTF-8": [new Uint8Array([0x7b, 0xff, 0x7d]), 400, /must be UTF-8/],
  "nesting without end": ['{"a":'.repeat(200_000), 400, /must not nest deeper/],
  "10 MB": [`{"a":"${"x".repeat(10_000_000)}"}`, 413, /must not exceed/],
  "a bare value": ['"x"', 400, /must be a JSON object/],
  "a list": ["[]", 400, /^Validation error: Expected object, received array$/],
  "a deep form": [`a${"[a]".repeat(10)}=1`, 400, /must not nest deeper/, FORM],
  "a form with a huge index": ["messages[4000000000][role]=user", 400, /Validation error/, FORM],
  "a form that aims at prototypes": ["__proto__[model]=m", 400, /error: Required, Req/, FORM],
};
for (const [kind, [raw, status, message, headers]] of Object.entries(BODIES)) {
  Deno.test(`${kind} is answered ${status}`, async () => {
    const answer = await send(handler, unreachable, undefined, { ...CHAT, raw, headers });
    assertEquals([answer.status, answer.body.error], [status, "INVALID_INPUT"]);
    assertMatch(answer.body.message, message);
  });
}

Deno.test("a form nests, whatever the order of its fields", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const raw = new URLSearchParams([
    ["model", "m"],
    ["messages[1][role]", "user"],
    ["messages[1][content]", "second"],
    ["messages[0][role]", "system"],
    ["messages[0][content][][type]", "text"],
    ["messages[0][content][0][text]", "first"],
  ]);
  await send(handler, environmentOf(upstream), undefined, { ...CHAT, raw, headers: FORM });
  assertEquals(upstream.requests[0].body.messages, [
    { role: "system", content: [{ type: "text", text: "first" }] },
    { role: "user", content: "second" },
  ]);
});

Deno.test("GET /ai/models lists, sorts and prices; it remembers for an hour and serves what is stale", async () => {
  await using upstream = await createUpstream();
  const architecture = { input_modalities: ["image", "text", ""], output_modalities: ["text"] };
  upstream.reply({
    json: {
      data: [
        { id: "zed/z", architecture, pricing: { prompt: "-1", completion: "0" } },
        { id: "google/g", architecture: { input_modalities: ["text"], output_modalities: [] } },
        {
          id: "openai/o",
          created: 1,
          architecture,
          pricing: { prompt: "0.0000000055", completion: "0.00000015" },
        },
        {
          id: "anthropic/a",
          architecture: { input_modalities: ["speech", "audio"], output_modalities: ["image"] },
          pricing: { prompt: "0.000003", completion: "0.000015" },
        },
      ],
    },
  });
  const environment = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const list = () => send(handler, environment, undefined, { ...MODELS, token: KEYS.API_KEY });
  const { body } = await list();
  const kept = {
    provider: "openrouter",
    inputModality: ["text", "image"],
    outputModality: ["text"],
  };
  assertEquals(body, [
    {
      ...kept,
      id: "openai/o",
      modelId: "openai/o",
      created: 1,
      inputPrice: 0.0055,
      outputPrice: 0.15,
      inputPriceLabel: "$0.0055 / M tokens",
      outputPriceLabel: "$0.15 / M tokens",
    },
    {
      ...kept,
      id: "anthropic/a",
      modelId: "anthropic/a",
      inputModality: ["audio", "speech"],
      outputModality: ["image"],
    },
    {
      ...kept,
      id: "zed/z",
      modelId: "zed/z",
      inputPrice: 0,
      outputPrice: 0,
      inputPriceLabel: "Free",
      outputPriceLabel: "Free",
    },
  ]);
  assertEquals((await list()).body, body);
  assertEquals(upstream.requests.length, 1);
});

Deno.test("GET /ai/models is the API key's alone", async () => {
  const environment = createEnvironment({ ...KEYS, LEGACY_ALLOW_API_KEY: "true" });
  for (
    const [token, status, code] of [
      [null, 401, "AUTH_INVALID_CREDENTIALS"],
      [KEYS.ANON_KEY, 401, "AUTH_UNAUTHORIZED"],
      [TOKEN, 403, "AUTH_UNAUTHORIZED"],
    ] as const
  ) {
    const answer = await send(handler, environment, undefined, { ...MODELS, token });
    assertEquals([answer.status, answer.body.error], [status, code]);
  }
});

Deno.test("InsForge's SDK sends images in, in both of its forms", async () => {
  await using stage = await createStage(functions);
  stage.upstream.reply({ json: completion() }, { json: completion() });
  const { ai } = createClient({ baseUrl: stage.baseUrl, accessToken: TOKEN });
  const part = { type: "image_url" as const, image_url: { url: "https://x.example/a.png" } };
  const text = { type: "text" as const, text: "What is it?" };
  const old = { content: text.text, images: [{ url: part.image_url.url }] };
  for (const message of [{ content: [text, part] }, old]) {
    await ai.chat.completions.create({ model: "m", messages: [{ role: "user", ...message }] });
  }
  for (const { body } of stage.upstream.requests) {
    assertEquals(body.messages, [{ role: "user", content: [text, part] }]);
  }
});

const DETOURS: [string, string][] = [
  ["the functions host", "/api/ai/$1"],
  ["a self-hosted InsForge", "/functions/legacy-compat?route=$1"],
];
for (const [place, address] of DETOURS) {
  Deno.test(`an app's own client of InsForge's SDK reaches ${place} by its fetch option`, async () => {
    await using stage = await createStage(functions);
    const { baseUrl, upstream } = stage;
    let response: Response | undefined;
    const { ai } = createClient({
      baseUrl: "http://127.0.0.1:9",
      accessToken: TOKEN,
      fetch: async (url: string | URL | Request, init?: RequestInit) => {
        const target = String(url).replace(/^.*\/api\/ai\/(.*)$/, baseUrl + address);
        return response = await fetch(target, init);
      },
    });
    upstream.reply({ json: completion() }, { sse: streamOf("a") });
    const answer = await ai.chat.completions.create(request as never);
    assertEquals(answer.choices[0].message.content, "Hello!");
    const chunks = await ai.chat.completions.create({ ...request, stream: true } as never);
    for await (const { choices } of chunks) assertEquals(choices[0].delta.content, "a");
    await response!.body!.cancel(); // the SDK leaves it open at {"done":true}
  });
}

const FAILURES: [number, string][] = [
  [400, "AI_UPSTREAM_UNAVAILABLE"],
  [401, "AI_INVALID_API_KEY"],
  [402, "BILLING_INSUFFICIENT_BALANCE"],
  [413, "AI_UPSTREAM_UNAVAILABLE"],
  [429, "RATE_LIMITED"],
  [504, "AI_UPSTREAM_UNAVAILABLE"],
];
for (const [status, code] of FAILURES) {
  Deno.test(`InsForge's SDK throws ${code} for an upstream ${status}, from each of its methods`, async () => {
    const json = { error: { code: status, message: "No" } };
    const headers = { "Retry-After": "3600" }; // not worth waiting for
    for (
      const work of [
        (ai: Ai) => ai.chat.completions.create(request as never),
        (ai: Ai) => ai.images.generate({ model: "m", prompt: "p" }),
        (ai: Ai) => ai.embeddings.create({ model: "m", input: "i" }),
      ]
    ) {
      await using stage = await createStage(functions);
      stage.upstream.reply({ status, json, headers });
      const { ai } = createClient({ baseUrl: stage.baseUrl, accessToken: TOKEN });
      const thrown = await assertRejects(() => work(ai), Error);
      const { statusCode, error } = thrown as unknown as Record<string, unknown>;
      assertEquals([statusCode, error], [status, code]);
    }
  });
}

type Ai = ReturnType<typeof createClient>["ai"];

function environmentOf(upstream: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ ...KEYS, OPENROUTER_BASE_URL: upstream.url, ...values });
}

function toEvents(text: string): Record<string, unknown>[] {
  return text.split("\n\n").filter(Boolean).map((event) => JSON.parse(event.slice(6)));
}
