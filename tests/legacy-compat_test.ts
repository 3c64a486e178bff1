import { assert, assertEquals, assertMatch } from "@std/assert";
import handler, { aliases } from "../functions/legacy-compat/index.ts";
import { createEnvironment, PROMPT, send, TOKEN } from "./support/caller.ts";
import { createStage } from "./support/replay_ai.ts";
import { completion, createUpstream, type Upstream } from "./support/upstream.ts";

const CHAT = { path: "/legacy-compat/ai/chat/completion" };
const KEYS = { ANON_KEY: "anon_0123", API_KEY: "ik_0123" };
const functions = new Map(["legacy-compat", ...aliases].map((slug) => [slug, handler]));
const request = { model: "m", messages: [{ role: "user", content: PROMPT }] };
const unreachable = createEnvironment();

const PATHS = [
  "/legacy-compat/ai/chat/completion",
  "/legacy-compat/api/ai/chat/completion",
  "/legacy-compat?route=chat/completion",
  "/api/ai/chat/completion",
  "/api/api/ai/chat/completion",
  "/api?route=chat/completion",
  "/api/?route=/ai/chat/completion",
  "/functions/api/ai/chat/completion",
  "/legacy-compat//ai//chat/completion/",
];
for (const path of PATHS) {
  Deno.test(`POST ${path} reaches the chat over HTTP`, async () => {
    await using stage = await createStage(functions);
    stage.upstream.reply({ json: completion() });
    const response = await fetch(stage.baseUrl + path, {
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
    assert(upstream.requests[0]!.path.includes(path!));
  });
}

for (
  const [method, path] of [["DELETE", CHAT.path], ["GET", "/api/ai/nothing?a=1"], ["GET", "/api"]]
) {
  Deno.test(`${method} ${path} returns 404 with the old message`, async () => {
    const { status, body } = await send(handler, unreachable, {}, { method, path });
    const endpoint = path!.replace("/legacy-compat", "/api");
    assertEquals([status, body.error, body.message], [
      404,
      "NOT_FOUND",
      `Endpoint ${endpoint} not found`,
    ]);
  });
}

Deno.test("HEAD of the models returns the status of GET without a body", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [] } });
  const environment = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const headers = { "x-api-key": KEYS.API_KEY };
  const url = "http://localhost/api/ai/models";
  const response = await handler(new Request(url, { method: "HEAD", headers }), environment);
  assertEquals([response.status, await response.text()], [200, ""]);
});

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
  "LEGACY_ALLOW_ANON, an anon key with a wrong last letter": [
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
  "LEGACY_ALLOW_API_KEY, an API key with a wrong last letter": [
    { LEGACY_ALLOW_API_KEY: "true" },
    "ik_0124",
    401,
    "AUTH_INVALID_API_KEY",
  ],
  "LEGACY_ALLOW_API_KEY, an API key without its last letter": [
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
  Deno.test(`returns ${status} ${code ?? ""} with ${kind}`, async () => {
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

Deno.test("reads the API key from x-api-key before any bearer token", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const allowed = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const call = (environment: typeof allowed, key: string, token: string | null) =>
    send(handler, environment, request, { ...CHAT, token, headers: { "x-api-key": key } });
  assertEquals((await call(allowed, KEYS.API_KEY, null)).status, 200);
  assertEquals((await call(allowed, "ik_0124", TOKEN)).body.error, "AUTH_INVALID_API_KEY");
  assertEquals((await call(unreachable, "ik_0124", TOKEN)).body.error, "AUTH_UNAUTHORIZED");
});

Deno.test("sends the app's name to OpenRouter, and not InsForge's", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const settings = { OPENROUTER_SITE_URL: "https://app.example.com", OPENROUTER_APP_NAME: "App" };
  await send(handler, environmentOf(upstream, settings), request, CHAT);
  const { headers } = upstream.requests[0]!;
  assertEquals(headers.get("HTTP-Referer"), "https://app.example.com");
  assertEquals(headers.get("X-Title"), "App");
});

for (const [limit, maxTokens, status] of [["10", 11, 400], ["20000", 20000, 200]] as const) {
  Deno.test(`returns ${status} for maxTokens ${maxTokens} with MAX_OUTPUT_TOKENS=${limit}`, async () => {
    await using upstream = await createUpstream();
    if (status === 200) upstream.reply({ json: completion() });
    const environment = environmentOf(upstream, { MAX_OUTPUT_TOKENS: limit });
    const { body, ...answer } = await send(handler, environment, { ...request, maxTokens }, CHAT);
    assertEquals(answer.status, status);
    if (status === 200) assertEquals(upstream.requests[0]!.body.max_tokens, maxTokens);
    else assertEquals(body.message, "Validation error: Exceeds configured maximum token cap.");
  });
}

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const BODIES: Record<string, [BodyInit, number, RegExp, Record<string, string>?]> = {
  "invalid UTF-8": [new Uint8Array([0x7b, 0xff, 0x7d]), 400, /must be UTF-8/],
  "very deep nesting": ['{"a":'.repeat(200_000), 400, /must not nest deeper/],
  "10 MB": [`{"a":"${"x".repeat(10_000_000)}"}`, 413, /must not exceed/],
  "a bare value": ['"x"', 400, /must be a JSON object/],
  "a list": ["[]", 400, /^Validation error: Expected object, received array$/],
  "a form, which counts as an empty object": ["model=m", 400, /error: Required, Required$/, FORM],
  "a chat with 20,000 invalid parts": [
    JSON.stringify({ model: "m", messages: [{ role: "user", content: Array(20_000).fill({}) }] }),
    400,
    /^Validation error: Invalid input$/,
  ],
  "an infinite number": [
    '{"model":"m","messages":[],"temperature":1e400}',
    400,
    /^Validation error: Expected number, received infinity$/,
  ],
  "a long list of invalid fields": [
    JSON.stringify({ model: "m", messages: Array(1_000).fill({ role: "nobody" }) }),
    400,
    /^.{100,300}$/,
  ],
};
for (const [kind, [raw, status, message, headers]] of Object.entries(BODIES)) {
  Deno.test(`returns ${status} for ${kind}`, async () => {
    const answer = await send(handler, unreachable, undefined, { ...CHAT, raw, headers });
    assertEquals([answer.status, answer.body.error], [status, "INVALID_INPUT"]);
    assertMatch(answer.body.message, message);
  });
}

function environmentOf(upstream: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ ...KEYS, OPENROUTER_BASE_URL: upstream.url, ...values });
}
