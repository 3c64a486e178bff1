/** Every function keeps to the policy: a rejected request is never sent, on any of its paths. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertObjectMatch,
  assertStringIncludes,
} from "@std/assert";
import chat from "../../../functions/chat/index.ts";
import embeddings from "../../../functions/embeddings/index.ts";
import images from "../../../functions/image-gen/index.ts";
import legacy from "../../../functions/legacy-compat/index.ts";
import stream from "../../../functions/stream/index.ts";
import summaries from "../../../functions/summarize-records/index.ts";
import v1 from "../../../functions/v1/index.ts";
import type { EdgeFunction } from "../../../shared/http/handler.ts";
import { API_KEY, createEnvironment, PROMPT, send, TOKEN } from "../../support/caller.ts";
import { completion, createUpstream, type Upstream } from "../../support/upstream.ts";

const GOOD = {
  ALLOWED_MODELS: "good/*",
  OPENROUTER_CHAT_MODEL: "good/chat",
  OPENROUTER_EMBEDDING_MODEL: "good/vectors",
  OPENROUTER_IMAGE_MODEL: "good/draws",
};
const messages = [{ role: "user", content: PROMPT }];
const online = { model: "good/x:online" };
const plugin = { plugins: [{ id: "auto-router", allowed_models: ["evil/*"] }] };
const fallback = { models: ["good/x", "evil/x"] };
const tool = { tools: [{ type: "openrouter:image_generation" }] };

/** One operation of a function, with a request that the policy accepts. */
interface Operation {
  name: string;
  handler: EdgeFunction;
  path: string;
  body: Record<string, unknown>;
  /** Changes to the request that the policy must reject. */
  evil: Record<string, unknown>[];
}

const OPERATIONS: Operation[] = [
  {
    name: "chat",
    handler: chat,
    path: "/chat",
    body: { messages },
    evil: [fallback, plugin, tool, { preset: "x" }],
  },
  {
    name: "stream",
    handler: stream,
    path: "/stream",
    body: { messages },
    evil: [fallback, plugin, tool, { preset: "x" }],
  },
  {
    name: "summarize-records",
    handler: summaries,
    path: "/summarize-records",
    body: { table: "t" },
    evil: [fallback, plugin, { models: "evil/x" }, { stream: true, model: "evil/x" }],
  },
  {
    name: "embeddings",
    handler: embeddings,
    path: "/embeddings",
    body: { input: "x" },
    evil: [fallback],
  },
  {
    name: "image-gen by chat",
    handler: images,
    path: "/image-gen",
    body: { prompt: "x" },
    evil: [fallback, plugin, tool],
  },
  {
    name: "image-gen by the image API",
    handler: images,
    path: "/image-gen",
    body: { prompt: "x", size: "2K" },
    evil: [fallback, { provider: { options: { a: { model: "evil/x" } } } }],
  },
  {
    name: "v1 chat",
    handler: v1,
    path: "/v1/chat/completions",
    body: { messages },
    evil: [fallback, plugin, tool, { stream: true, model: "evil/x" }],
  },
  {
    name: "v1 responses",
    handler: v1,
    path: "/v1/responses",
    body: { input: "x" },
    evil: [fallback, plugin, tool, { prompt: { id: "p" } }, { stream: true, model: "evil/x" }],
  },
  {
    name: "v1 messages",
    handler: v1,
    path: "/v1/messages",
    body: { messages },
    evil: [
      fallback,
      plugin,
      tool,
      { tools: [{ type: "advisor_20260301", model: "evil/x" }] },
      { mcp_servers: [{ type: "url", url: "https://mcp.example", name: "m" }] },
      { stream: true, model: "evil/x" },
    ],
  },
  {
    name: "v1 embeddings",
    handler: v1,
    path: "/v1/embeddings",
    body: { input: "x" },
    evil: [fallback],
  },
  {
    name: "v1 images",
    handler: v1,
    path: "/v1/images/generations",
    body: { prompt: "x" },
    evil: [fallback],
  },
  {
    name: "legacy chat",
    handler: legacy,
    path: "/ai/chat/completion",
    body: { model: "good/x", messages },
    evil: [{ model: "good/x:nope:nope" }, { stream: true, model: "evil/x" }],
  },
  {
    name: "legacy images",
    handler: legacy,
    path: "/ai/image/generation",
    body: { model: "good/x", prompt: "x" },
    evil: [{ model: "evil/x:free" }],
  },
  {
    name: "legacy embeddings",
    handler: legacy,
    path: "/ai/embeddings",
    body: { model: "good/x", input: "x" },
    evil: [{ model: "@preset/x" }],
  },
];

for (const { name, handler, path, body, evil } of OPERATIONS) {
  for (const bad of [{ model: "evil/x" }, ...evil]) {
    Deno.test(`${name} rejects ${JSON.stringify(bad)} before it sends anything`, async () => {
      await using openrouter = await createUpstream();
      const answer = await ask(handler, path, { ...body, ...bad }, openrouter, GOOD);
      assertEquals([answer.status, codeOf(answer.body)], [400, "AI_INVALID_MODEL"]);
      assertEquals(openrouter.requests.length, 0);
    });
  }
}

const FUNCTIONS = OPERATIONS.filter(({ name }) => !name.startsWith("legacy"));

for (const { name, handler, path, body } of FUNCTIONS) {
  Deno.test(`${name} returns 500 that names both settings when its default model is not allowed`, async () => {
    await using openrouter = await createUpstream();
    const values = { ALLOWED_MODELS: "other/*" };
    const answer = await ask(handler, path, body, openrouter, values);
    assertEquals([answer.status, codeOf(answer.body)], [500, "INTERNAL_ERROR"]);
    assertStringIncludes(answer.text, "ALLOWED_MODELS");
    assertStringIncludes(answer.text, "OPENROUTER_");
  });
}

Deno.test("every function rejects a web search that is not allowed, in every form", async () => {
  await using openrouter = await createUpstream();
  const values = { ALLOWED_SERVER_TOOLS: "none" };
  const requests: [EdgeFunction, string, Record<string, unknown>][] = [
    [chat, "/chat", { prompt: "x", ...online }],
    [stream, "/stream", { prompt: "x", tools: [{ type: "openrouter:web_search" }] }],
    [v1, "/v1/chat/completions", { messages, tools: [{ type: "web_search_preview" }] }],
    [v1, "/v1/chat/completions", { messages, web_search_options: {} }],
    [v1, "/v1/responses", { input: "x", tools: [{ type: "web_search" }] }],
    [images, "/image-gen", { prompt: "x", plugins: [{ id: "web" }] }],
    [summaries, "/summarize-records", { table: "t", ...online }],
    [legacy, "/ai/chat/completion", { model: "a/b", messages, webSearch: { enabled: true } }],
    [legacy, "/ai/chat/completion", {
      model: "a/b",
      messages,
      stream: true,
      webSearch: { enabled: true },
    }],
  ];
  for (const [handler, path, body] of requests) {
    const answer = await ask(handler, path, body, openrouter, values);
    assertEquals([answer.status, codeOf(answer.body)], [400, "INVALID_INPUT"], path);
  }
  assertEquals(openrouter.requests.length, 0);
});

Deno.test("no function requests more tokens than MAX_OUTPUT_TOKENS", async () => {
  await using openrouter = await createUpstream();
  const values = { MAX_OUTPUT_TOKENS: "100" };
  const image = completion({ images: [{ image_url: { url: "data:image/png;base64,AA" } }] });
  const content = [{ type: "text", text: "x" }];
  for (const { name, handler, path, body } of OPERATIONS) {
    if (/stream|embeddings|responses|v1 images|image API/.test(name)) continue;
    openrouter.reply({ json: { ...image, content } });
    const { status } = await ask(handler, path, body, openrouter, values);
    assertEquals([name, status, openrouter.requests.at(-1)!.body.max_tokens], [name, 200, 100]);
  }
  for (
    const [path, body, sent] of [
      ["/v1/chat/completions", { messages, n: 2, max_tokens: 51 }, { max_tokens: 50 }],
      ["/v1/responses", { input: "x", max_output_tokens: 101 }, { max_output_tokens: 100 }],
    ] as [string, unknown, Record<string, unknown>][]
  ) {
    const output = [{ type: "message", content: [{ type: "output_text", text: "x" }] }];
    openrouter.reply({ json: { ...image, status: "completed", output } });
    assertEquals((await ask(v1, path, body, openrouter, values)).status, 200);
    assertObjectMatch(openrouter.requests.at(-1)!.body, sent);
  }
  for (
    const [handler, path, body] of [
      [chat, "/chat", { prompt: "x", max_tokens: 101 }],
      [images, "/image-gen", { prompt: "x", max_completion_tokens: 101 }],
      [summaries, "/summarize-records", { table: "t", reasoning: { max_tokens: 101 } }],
    ] as [EdgeFunction, string, unknown][]
  ) {
    const sent = openrouter.requests.length;
    const answer = await ask(handler, path, body, openrouter, values);
    assertEquals([answer.status, codeOf(answer.body)], [400, "INVALID_INPUT"], path);
    assertEquals(openrouter.requests.length, sent);
  }
});

Deno.test("names of Object.prototype are unknown names: every function returns 400 for them", async () => {
  await using openrouter = await createUpstream();
  for (const name of Object.getOwnPropertyNames(Object.prototype)) {
    for (const { handler, path, body } of OPERATIONS) {
      for (
        const odd of [
          { model: name },
          { model: "good/x", plugins: [{ id: name }] },
          { model: "good/x", tools: [{ type: name }] },
          { model: "good/x", tool_choice: { type: name } },
        ]
      ) {
        // The deprecated proxy has no such fields, and summaries reject tools of any name.
        if (odd.model !== name && (path.startsWith("/ai/") || handler === summaries)) continue;
        const values = { ...GOOD, ALLOWED_SERVER_TOOLS: "datetime" };
        const answer = await ask(handler, path, { ...body, ...odd }, openrouter, values);
        assertEquals([path, JSON.stringify(odd), answer.status], [path, JSON.stringify(odd), 400]);
      }
    }
  }
  openrouter.reply({ json: { data: [{ b64_json: "AA" }] } });
  const drawing = { prompt: "x", quality: "constructor" };
  await ask(v1, "/v1/images/generations", drawing, openrouter, {});
  assertEquals(openrouter.requests.at(-1)!.body.quality, "constructor");
});

Deno.test("every function rejects input that is longer than MAX_INPUT_TOKENS", async () => {
  await using openrouter = await createUpstream();
  const values = { MAX_INPUT_TOKENS: "100" };
  const text = "x".repeat(301);
  for (const { name, handler, path, body } of OPERATIONS) {
    if (handler === summaries) continue; // it writes its messages itself
    const field = ["messages", "prompt", "input"].find((field) => field in body)!;
    const long = field === "messages" ? [{ role: "user", content: text }] : text;
    const answer = await ask(handler, path, { ...body, [field]: long }, openrouter, values);
    assertEquals([name, answer.status, codeOf(answer.body)], [name, 400, "INVALID_INPUT"]);
    const message = `\\"${field}\\" must have at most 100 tokens, and has about `;
    assertStringIncludes(answer.text, message);
  }
  for (
    const [handler, path, body] of [
      [chat, "/chat", { prompt: text }],
      [v1, "/v1/responses", { input: "x", instructions: text }],
    ] as [EdgeFunction, string, unknown][]
  ) {
    assertEquals((await ask(handler, path, body, openrouter, values)).status, 400);
  }
  openrouter.reply({ json: completion() });
  assertEquals((await ask(chat, "/chat", { prompt: text }, openrouter, {})).status, 200);
});

Deno.test("every function but legacy-compat sends an opaque user id in place of the caller's value", async () => {
  await using openrouter = await createUpstream();
  const output = [{ type: "message", content: [{ type: "output_text", text: "x" }] }];
  const images = [{ image_url: { url: "data:image/png;base64,AA" } }];
  const data = [{ index: 0, b64_json: "AA", embedding: [1] }];
  const content = [{ type: "text", text: "x" }];
  const ids = new Set<string>();
  for (const { name, handler, path, body } of OPERATIONS) {
    if (name === "stream" || name.startsWith("legacy")) continue;
    const reply = { ...completion({ images }), status: "completed", output, data, content };
    openrouter.reply({ json: reply });
    const answer = await ask(handler, path, { ...body, user: "another-user" }, openrouter, {});
    assertEquals([name, answer.status], [name, 200]);
    ids.add(openrouter.requests.at(-1)!.body.user);
  }
  assertMatch([...ids].join(), /^[0-9a-f]{32}$/);
});

Deno.test("leaves room for the answer when a request has a reasoning budget and no limit", async () => {
  await using openrouter = await createUpstream();
  const model = "anthropic/claude-sonnet-4.5";
  const reasoning = { max_tokens: 8000 };
  const messages = [{ role: "user", content: "hello" }];
  for (
    const [handler, path, body] of [
      [chat, "/chat", { model, prompt: "x", reasoning }],
      [v1, "/v1/chat/completions", { model, messages, reasoning }],
    ] as [EdgeFunction, string, unknown][]
  ) {
    openrouter.reply(({ body }) =>
      body.max_tokens === 4096 ? TOO_FEW_TOKENS : { json: completion() }
    );
    assertEquals((await ask(handler, path, body, openrouter, {})).status, 200);
    assertObjectMatch(openrouter.requests.at(-1)!.body, { reasoning, max_tokens: 12_096 });
  }
});

/** The response of a provider whose output limit must be higher than the reasoning budget. */
const TOO_FEW_TOKENS = {
  status: 400,
  json: {
    error: {
      code: 400,
      message: "Provider returned error",
      metadata: {
        raw:
          '{"type":"error","error":{"type":"invalid_request_error","message":"`max_tokens` must ' +
          'be greater than `thinking.budget_tokens`."}}',
        provider_name: "Anthropic",
      },
    },
    user_id: "user_x",
  },
};

Deno.test("OPENROUTER_CHAT_MODEL=default sends no model, so that the account's default answers", async () => {
  await using openrouter = await createUpstream();
  const values = { OPENROUTER_CHAT_MODEL: "default" };
  const output = [{ type: "message", content: [{ type: "output_text", text: "x" }] }];
  const content = [{ type: "text", text: "x" }];
  const reply = { ...completion(), status: "completed", output, content };
  for (const { name, handler, path, body } of OPERATIONS) {
    if (/legacy|embeddings|image/.test(name)) continue;
    if (name === "stream") continue;
    openrouter.reply({ json: reply });
    assertEquals([name, (await ask(handler, path, body, openrouter, values)).status], [name, 200]);
    assertEquals("model" in openrouter.requests.at(-1)!.body, false, name);
    const listed = await ask(handler, path, body, openrouter, { ...values, ALLOWED_MODELS: "a/*" });
    assertEquals([listed.status, codeOf(listed.body)], [500, "INTERNAL_ERROR"]);
    assertStringIncludes(
      listed.text,
      "OPENROUTER_CHAT_MODEL must name a model when ALLOWED_MODELS",
    );
    openrouter.reply({ json: reply });
    const named = { ...body, model: "a/b" };
    assertEquals((await ask(handler, path, named, openrouter, values)).status, 200);
    assertEquals(openrouter.requests.at(-1)!.body.model, "a/b");
  }
});

Deno.test("chat sends the price ceilings", async () => {
  await using openrouter = await createUpstream();
  openrouter.reply({ json: completion() });
  const values = { MAX_PROMPT_USD_PER_MILLION: "1", MAX_COMPLETION_USD_PER_MILLION: "4" };
  const provider = { order: ["openai"], max_price: { prompt: 50 } };
  await ask(chat, "/chat", { prompt: "x", provider }, openrouter, values);
  assertEquals(openrouter.requests[0]!.body.provider, {
    order: ["openai"],
    max_price: { prompt: "1", completion: "4" },
  });
});

Deno.test("lists of models contain only allowed models, and others return 404", async () => {
  await using openrouter = await createUpstream();
  const architecture = { input_modalities: ["text"], output_modalities: ["text"] };
  const data = ["good/x", "evil/x", "~good/latest"].map((id) => ({ id, architecture }));
  openrouter.reply({ json: { data } }, { json: { data } });
  const environment = environmentOf(openrouter, { ...GOOD, API_KEY, LEGACY_ALLOW_API_KEY: "true" });
  const get = (handler: EdgeFunction, path: string, token: string) =>
    send(handler, environment, undefined, { path, method: "GET", token });
  const list = await get(v1, "/v1/models", TOKEN);
  const ids = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id);
  assertEquals(ids(list.body), ["good/x"]);
  assertEquals((await get(v1, "/v1/models/good/x", TOKEN)).status, 200);
  assertEquals((await get(v1, "/v1/models/evil/x", TOKEN)).status, 404);
  const old = await get(legacy, "/ai/models", API_KEY);
  assertEquals(old.body.map(({ id }: { id: string }) => id), ["good/x"]);
  // The cache holds the whole list, so a changed setting counts at once.
  const all = environmentOf(openrouter);
  const { body } = await send(v1, all, undefined, { path: "/v1/models", method: "GET" });
  assertEquals(ids(body), ids({ data }));
});

/** Calls an operation; a fake InsForge returns the rows for summaries. */
async function ask(
  handler: EdgeFunction,
  path: string,
  body: unknown,
  openrouter: Upstream,
  values: Record<string, string>,
) {
  await using insforge = await createUpstream();
  if (handler === summaries) insforge.reply({ json: [{ id: 1 }] });
  const { get } = environmentOf(openrouter, { ...values, INSFORGE_BASE_URL: insforge.url });
  const answer = await send(handler, { get }, body, { path });
  assert(!answer.text.includes("evil"), "the response does not repeat the rejected value");
  return answer;
}

function environmentOf({ url }: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
}

/** The error code of a response in InsForge's or OpenAI's format. */
function codeOf(
  { error }: { error?: string | { metadata: { error_code: string } } },
): string | undefined {
  return typeof error === "object" ? error.metadata.error_code : error;
}
