import { assertEquals, assertMatch } from "@std/assert";
import handler from "../functions/v1/index.ts";
import { createEnvironment, logs, OPAQUE_USER, PROMPT, send } from "./support/caller.ts";
import { completion, createUpstream, streamOf, type Upstream } from "./support/upstream.ts";

const CHAT = { path: "/v1/chat/completions" };
const messages = [{ role: "user", content: PROMPT }];

Deno.test("POST /v1/chat/completions returns OpenRouter's body unchanged", async () => {
  await using upstream = await createUpstream();
  const body = completion({ content: "Grüße 🌍" }, { a_field_of_tomorrow: { deep: [1, null] } });
  upstream.reply({ json: body });
  const answer = await send(handler, environmentOf(upstream), { messages }, CHAT);
  assertEquals([answer.status, answer.body], [200, body]);
  assertEquals(answer.headers.get("x-generation-id"), "gen-1700000000-abc");
});

Deno.test("POST /v1/chat/completions sends the request unchanged, with a model and an output limit", async () => {
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
  const { path, body } = upstream.requests[0]!;
  assertEquals(path, "/api/v1/chat/completions");
  const model = "openai/gpt-4o-mini";
  const added = { model, max_tokens: 4096, user: OPAQUE_USER, stream: false };
  assertEquals(body, { ...request, ...added });
});

const LIMITS: [string, Record<string, unknown>, Record<string, unknown>][] = [
  ["gpt-4o", { model: "openai/gpt-4o", max_tokens: 9 }, { max_tokens: 9 }],
  ["gpt-5", { model: "openai/gpt-5-mini", max_tokens: 9 }, { max_completion_tokens: 9 }],
  ["gpt-5 without a limit", { model: "openai/gpt-5" }, { max_completion_tokens: 8192 }],
  ["gpt-5 as fallback", { models: ["openai/gpt-5"] }, { max_completion_tokens: 8192 }],
  ["a limit above the maximum", { max_tokens: 32_000 }, { max_tokens: 16_384 }],
  [
    "the newer name above the maximum",
    { max_completion_tokens: 32_000 },
    { max_completion_tokens: 16_384 },
  ],
  ["an o-series model", { model: "o4-mini", max_tokens: 9 }, { max_completion_tokens: 9 }],
  ["an open model", { model: "openai/gpt-oss-120b", max_tokens: 9 }, { max_tokens: 9 }],
  ["the newer name", { max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
  ["null", { max_tokens: null, max_completion_tokens: null }, { max_tokens: 4096 }],
];
for (const [kind, given, sent] of LIMITS) {
  Deno.test(`POST /v1/chat/completions sends one output limit: ${kind}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion() });
    await send(handler, environmentOf(upstream), { messages, ...given }, CHAT);
    const { max_tokens, max_completion_tokens } = upstream.requests[0]!.body;
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
  assertEquals(upstream.requests[0]!.body.stream, true);
  assertEquals(logs.at(-1)!.stream, "complete");
});

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
  [
    "URLs in a stream",
    "images/generations",
    { prompt: "x", stream: true, response_format: "url" },
    "response_format",
    /must be "b64_json" in a stream/,
  ],
  ["no images to edit", "images/edits", { prompt: "x" }, "images", /required/],
  [
    "a mask",
    "images/edits",
    { prompt: "x", images: [{ image_url: "https://a.example/b.png" }], mask: { file_id: "f" } },
    "mask",
    /must be left out/,
  ],
  ["no prompt", "images", {}, "prompt", /required/],
  [
    "an unknown audio format",
    "audio/speech",
    { input: "x", response_format: "opus" },
    "response_format",
    /one of/,
  ],
  [
    "events of speech",
    "audio/speech",
    { input: "x", stream_format: "sse" },
    "stream_format",
    /audio/,
  ],
  ["no recording", "audio/transcriptions", { model: "a/b" }, "input_audio", /required/],
  [
    "a transcription as subtitles",
    "audio/transcriptions",
    { input_audio: { data: "AAAA", format: "mp3" }, response_format: "srt" },
    "response_format",
    /one of "json", "verbose_json"/,
  ],
  ["no documents", "rerank", { query: "x", documents: [] }, "documents", /non-empty/],
  ["no text to continue", "completions", { prompt: "" }, "prompt", /must not be empty/],
  ["several texts to continue", "completions", { prompt: ["a", "b"] }, "prompt", /must be/],
  ["an empty object prompt", "objects/generations", { prompt: " " }, "prompt", /blank/],
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
  ["a blank input", "responses", { input: " \n" }, "input", /must not be blank/],
];
for (const [kind, operation, body, param, message] of REFUSED) {
  Deno.test(`POST /v1/${operation} rejects ${kind} with a 400 in OpenAI's shape`, async () => {
    const answer = await send(handler, createEnvironment(), body, { path: `/v1/${operation}` });
    assertEquals(answer.status, 400);
    const { message: text, ...error } = answer.body.error;
    const metadata = {
      error_code: "INVALID_INPUT",
      next_actions: "Correct the request as the message says",
    };
    assertEquals(error, { type: "invalid_request_error", code: 400, param, metadata });
    assertMatch(text, message);
  });
}

Deno.test("every operation of v1 is also reached by ?route=", async () => {
  for (const { method, path } of handler.routes) {
    const route = path.slice(1).replace(":id{.+}", "openai/gpt-4o-mini").replace(/:/g, "");
    const { status, body } = await send(handler, createEnvironment(), {}, {
      path: `/v1?route=${route}`,
      method,
      token: null,
    });
    assertEquals([status, body.error.metadata.error_code], [401, "AUTH_INVALID_CREDENTIALS"], path);
  }
});

Deno.test("v1 returns 404 and 405 in OpenAI's shape", async () => {
  const missing = await send(handler, createEnvironment(), {}, { path: "/v1/moderations" });
  assertEquals([missing.status, missing.body.error.type], [404, "invalid_request_error"]);
  const wrong = { path: "/v1/models/openai/gpt-4o-mini", method: "PUT" };
  const { status, headers, body } = await send(handler, createEnvironment(), {}, wrong);
  assertEquals([status, headers.get("allow"), body.error.param], [405, "GET, OPTIONS", null]);
});

/** The settings of a project that uses the scripted OpenRouter. */
function environmentOf({ url }: Upstream) {
  return createEnvironment({ OPENROUTER_BASE_URL: url });
}
