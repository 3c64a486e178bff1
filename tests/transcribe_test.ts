import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import handler from "../functions/transcribe/index.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { createEnvironment, send } from "./support/caller.ts";
import { createUpstream, type Upstream } from "./support/upstream.ts";

const audio = btoa("recording");
const usage = { seconds: 2, cost: 0.0002 };
const RESPONSE = { json: { text: "Hello", usage } };

Deno.test("POST /transcribe returns the text of a recording in base64", async () => {
  await using upstream = await createUpstream();
  upstream.reply(RESPONSE);
  const request = { audio, format: "mp3", language: "en" };
  const { status, body } = await send(handler, environmentOf(upstream), request);
  assertEquals([status, body], [200, { model: "openai/whisper-1", text: "Hello", usage }]);
  assertEquals(upstream.requests[0]!.path, "/api/v1/audio/transcriptions");
  assertEquals(upstream.requests[0]!.body, {
    language: "en",
    input_audio: { data: audio, format: "mp3" },
    model: "openai/whisper-1",
  });
});

const TYPES: Record<string, string> = {
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/x-wav": "wav",
  "audio/webm;codecs=opus": "webm",
  "video/webm": "webm",
  "audio/flac": "flac",
};
for (const [type, format] of Object.entries(TYPES)) {
  Deno.test(`POST /transcribe sends ${type} as ${format}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply(RESPONSE, RESPONSE);
    await send(handler, environmentOf(upstream), { audio: `data:${type};base64,${audio}` });
    await sendForm(upstream, { file: new File(["recording"], "file", { type }) });
    for (const { body } of upstream.requests) {
      assertEquals(body.input_audio, { data: audio, format });
    }
  });
}

Deno.test("POST /transcribe accepts the form that OpenAI's clients send", async () => {
  await using upstream = await createUpstream();
  upstream.reply(RESPONSE);
  const form = {
    file: new File(["recording"], "a.MP3"),
    model: "openai/gpt-4o-mini-transcribe",
    temperature: "0.5",
    response_format: "verbose_json",
    "timestamp_granularities[]": "word",
  };
  const { status, body } = await sendForm(upstream, form);
  assertEquals([status, body.model], [200, "openai/gpt-4o-mini-transcribe"]);
  assertEquals(upstream.requests[0]!.body, {
    model: "openai/gpt-4o-mini-transcribe",
    temperature: 0.5,
    response_format: "verbose_json",
    timestamp_granularities: ["word"],
    input_audio: { data: audio, format: "mp3" },
  });
});

Deno.test("POST /transcribe accepts the bytes themselves, with fields in the query", async () => {
  await using upstream = await createUpstream();
  upstream.reply(RESPONSE);
  const path = "/transcribe?language=en&model=a/b";
  const { status } = await send(handler, environmentOf(upstream), undefined, {
    path,
    raw: "recording",
    headers: { "Content-Type": "audio/webm;codecs=opus" },
  });
  assertEquals(status, 200);
  assertEquals(upstream.requests[0]!.body, {
    language: "en",
    input_audio: { data: audio, format: "webm" },
    model: "a/b",
  });
});

Deno.test("POST /transcribe rejects bytes that are empty, and a query that it cannot read", async () => {
  const post = (raw: string, query = "") =>
    send(handler, createEnvironment(), undefined, {
      path: `/transcribe${query}`,
      raw,
      headers: { "Content-Type": "audio/mpeg" },
    });
  const empty = await post("");
  assertEquals([empty.status, empty.body.message], [400, '"audio" must not be empty']);
  const wrong = await post("recording", "?response_format=srt");
  assertEquals([wrong.status, wrong.body.message.slice(0, 17)], [400, '"response_format"']);
});

Deno.test("POST /transcribe saves the text in the app's storage", async () => {
  await using upstream = await createUpstream();
  await using insforge = createInsForge();
  upstream.reply({ json: { text: "Grüße" } });
  insforge.reply(200, { method: "direct" }); // the check before the payment
  insforge.reply(200, { method: "direct" });
  insforge.reply(201, { bucket: "notes", key: "k", url: "https://storage.test/k" });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: insforge.url,
  });
  const request = { audio, format: "mp3", save: { bucket: "notes", prefix: "calls/" } };
  const { status, body } = await send(handler, environment, request);
  const { key, ...saved } = body.saved;
  assertEquals([status, body.text, saved], [200, "Grüße", {
    url: "https://storage.test/k",
    media_type: "text/plain",
    bucket: "notes",
  }]);
  assertMatch(key, /^calls\/[\w-]{36}\.txt$/);
  assertStringIncludes(insforge.requests[2]!.text, "Grüße");
  assertEquals(upstream.requests[0]!.body.save, undefined);
});

Deno.test("POST /transcribe returns a text that could not be saved, with the reason", async () => {
  await using upstream = await createUpstream();
  await using insforge = createInsForge();
  upstream.reply({ json: { text: "Hello" } });
  insforge.reply(200, { method: "direct" });
  insforge.replyAlways(403, { error: "X", message: "x" });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: insforge.url,
  });
  const request = { audio, format: "mp3", save: { bucket: "notes" } };
  const { status, body } = await send(handler, environment, request);
  assertEquals([status, body.text, body.save_error.error], [
    200,
    "Hello",
    "STORAGE_PERMISSION_DENIED",
  ]);
});

Deno.test("POST /transcribe rejects a form without a file, and one that is not a form", async () => {
  await using upstream = await createUpstream();
  const empty = await sendForm(upstream, { model: "a/b" });
  assertEquals([empty.status, empty.body.message], [400, '"file" is required']);
  const { status, body } = await send(handler, environmentOf(upstream), undefined, {
    raw: "no form",
    headers: { "Content-Type": "multipart/form-data; boundary=x" },
  });
  const message = "The request body must be a form of multipart/form-data";
  assertEquals([status, body.message], [400, message]);
});

Deno.test("POST /transcribe returns 413 for a form above 8 MiB", async () => {
  await using upstream = await createUpstream();
  const file = new File([new Uint8Array(8 * 1024 * 1024)], "a.mp3");
  const { status, body } = await sendForm(upstream, { file });
  assertEquals([status, body.message], [413, "The request body must not exceed 8388608 bytes"]);
});

for (
  const [request, message] of [
    [{ audio: "" }, '"audio" must not be empty'],
    [{ audio: "https://a.example/b.mp3" }, '"audio" must be base64 or a data:audio/…;base64 URL'],
    [{ audio }, '"format" is required, unless "audio" is a data URL of audio'],
    [
      { audio, format: "mp3", response_format: "srt" },
      '"response_format" must be one of "json", ' +
      '"verbose_json"',
    ],
  ] as [object, string][]
) {
  Deno.test(`POST /transcribe rejects ${JSON.stringify(request)}`, async () => {
    const { status, body } = await send(handler, createEnvironment(), request);
    assertEquals([status, body.message], [400, message]);
  });
}

async function sendForm(upstream: Upstream, fields: Record<string, string | File>) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const encoded = new Response(form);
  const headers = { "Content-Type": encoded.headers.get("Content-Type")! };
  const raw = await encoded.bytes();
  return await send(handler, environmentOf(upstream), undefined, { raw, headers });
}

function environmentOf({ url }: Upstream) {
  return createEnvironment({ OPENROUTER_BASE_URL: url });
}
