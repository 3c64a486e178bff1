/** Speech and transcriptions in the forms of OpenAI's and OpenRouter's clients. */
import { assertEquals } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, createRequest, send } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

const SPEECH = { path: "/v1/audio/speech" };
const TRANSCRIPTION = { path: "/v1/audio/transcriptions" };
const SOUND = { text: "sound", headers: { "content-type": "audio/mpeg", "x-generation-id": "g" } };
const TEXT = { json: { text: "Hello", usage: { seconds: 2, cost: 0.0002 } } };
const audio = btoa("recording");

Deno.test("POST /v1/audio/speech returns the audio, as MP3 unless a format is given", async () => {
  await using upstream = await createUpstream();
  upstream.reply(SOUND);
  const request = { input: "Hello", voice: "nova", instructions: "calm", stream_format: "audio" };
  const response = await handler(createRequest(request, SPEECH), environmentOf(upstream));
  const { status, headers } = response;
  assertEquals([status, headers.get("Content-Type"), headers.get("X-Generation-Id")], [
    200,
    "audio/mpeg",
    "g",
  ]);
  assertEquals(await response.text(), "sound");
  assertEquals(upstream.requests[0]!.path, "/api/v1/audio/speech");
  assertEquals(upstream.requests[0]!.body, {
    model: "openai/gpt-4o-mini-tts-2025-12-15",
    response_format: "mp3",
    input: "Hello",
    voice: "nova",
    instructions: "calm",
  });
});

Deno.test("POST /v1/audio/speech returns a failure of OpenRouter as JSON in OpenAI's shape", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 402, json: { error: { code: 402, message: "Insufficient credits" } } });
  const { status, body } = await send(handler, environmentOf(upstream), { input: "a" }, SPEECH);
  assertEquals([status, body.error.type], [402, "insufficient_quota"]);
});

Deno.test("POST /v1/audio/transcriptions transcribes base64 in JSON", async () => {
  await using upstream = await createUpstream();
  upstream.reply(TEXT);
  const request = { input_audio: { data: audio, format: "mp3" }, language: "en" };
  const { status, body } = await send(handler, environmentOf(upstream), request, TRANSCRIPTION);
  assertEquals([status, body], [200, TEXT.json]);
  assertEquals(upstream.requests[0]!.body, { model: "openai/whisper-1", ...request });
});

Deno.test("POST /v1/audio/transcriptions transcribes the file of a form", async () => {
  await using upstream = await createUpstream();
  upstream.reply(TEXT);
  const form = new FormData();
  form.append("file", new File(["recording"], "a.mp3", { type: "audio/mpeg" }));
  form.append("model", "openai/gpt-4o-mini-transcribe");
  form.append("stream", "false");
  form.append("timestamp_granularities[]", "word");
  const { status, body } = await sendForm(upstream, form);
  assertEquals([status, body.text], [200, "Hello"]);
  assertEquals(upstream.requests[0]!.body, {
    model: "openai/gpt-4o-mini-transcribe",
    timestamp_granularities: ["word"],
    input_audio: { data: audio, format: "mp3" },
  });
});

Deno.test("POST /v1/audio/transcriptions returns 400 for a form without a recording or its format", async () => {
  await using upstream = await createUpstream();
  const form = new FormData();
  const missing = await sendForm(upstream, form);
  assertEquals([missing.status, missing.body.error.message], [400, '"file" is required']);
  form.append("file", new File(["recording"], "recording"));
  const { status, body } = await sendForm(upstream, form);
  const message = '"file" must have a media type or a name such as "a.mp3"';
  assertEquals([status, body.error.message, body.error.param], [400, message, "file"]);
});

Deno.test("POST /v1/rerank and /v1/objects/generations return what OpenRouter sends", async () => {
  await using upstream = await createUpstream();
  const results = [{ index: 0, relevance_score: 0.9, document: { text: "a" } }];
  const ranking = { id: "gen-1", model: "cohere/rerank-v3.5", provider: "Cohere", results };
  const generations = [{ uri: "cGx5" }];
  upstream.reply({ json: ranking }, { json: { generations } });
  const environment = environmentOf(upstream);
  const request = { query: "q", documents: ["a"], provider: { order: ["Cohere"] } };
  assertEquals(
    (await send(handler, environment, request, { path: "/v1/rerank" })).body,
    ranking,
  );
  const object = { prompt: "a chair" };
  const path = "/v1?route=objects/generations";
  assertEquals((await send(handler, environment, object, { path })).body, { generations });
  assertEquals(upstream.requests.map(({ body }) => body), [
    { model: "cohere/rerank-v3.5", ...request },
    { model: "openai/shap-e", prompt: "a chair" },
  ]);
});

Deno.test("operations that a gateway lacks return a 400 that names it", async () => {
  const environment = createEnvironment({ AI_GATEWAY: "pinata", PINATA_LLM_KEY: "k" });
  const requests: [string, object][] = [
    ["/audio/speech", { input: "a" }],
    ["/audio/transcriptions", { input_audio: { data: "AAAA", format: "mp3" } }],
    ["/rerank", { query: "q", documents: ["a"] }],
    ["/completions", { prompt: "a" }],
    ["/images", { prompt: "a" }],
  ];
  for (const [route, request] of requests) {
    const { status, body } = await send(handler, environment, request, { path: `/v1${route}` });
    assertEquals([status, body.error.message], [400, `"${route}" is not available with Pinata`]);
  }
});

async function sendForm(upstream: Upstream, form: FormData) {
  const encoded = new Response(form);
  const headers = { "Content-Type": encoded.headers.get("Content-Type")! };
  const raw = await encoded.bytes();
  return await send(handler, environmentOf(upstream), undefined, {
    ...TRANSCRIPTION,
    raw,
    headers,
  });
}

function environmentOf({ url }: Upstream) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ENABLE_OBJECT_GEN: "true" });
}
