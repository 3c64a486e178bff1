import { assertEquals, assertMatch } from "@std/assert";
import handler from "../functions/speech/index.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { createEnvironment, createRequest, send } from "./support/caller.ts";
import { createUpstream, type Upstream } from "./support/upstream.ts";

const MODEL = "openai/gpt-4o-mini-tts-2025-12-15";
const input = "The ferry leaves at nine.";
const SOUND = { text: "sound", headers: { "content-type": "audio/mpeg", "x-generation-id": "g" } };
const data_url = `data:audio/mpeg;base64,${btoa("sound")}`;

Deno.test("POST /speech returns audio as a data URL", async () => {
  await using upstream = await createUpstream();
  upstream.reply(SOUND);
  const { status, body, headers } = await send(handler, environmentOf(upstream), { input });
  assertEquals(status, 200);
  assertEquals(body, { audio: { media_type: "audio/mpeg", data_url }, model: MODEL });
  assertEquals(headers.get("X-Generation-Id"), "g");
  const sent = { voice: "alloy", response_format: "mp3", input, model: MODEL };
  assertEquals([upstream.requests[0]!.path, upstream.requests[0]!.body], [
    "/api/v1/audio/speech",
    sent,
  ]);
});

Deno.test("POST /speech returns the bytes themselves when the caller accepts audio", async () => {
  await using upstream = await createUpstream();
  upstream.reply(SOUND);
  const request = createRequest({ input }, { headers: { Accept: "audio/mpeg" } });
  const response = await handler(request, environmentOf(upstream));
  assertEquals(response.headers.get("Content-Type"), "audio/mpeg");
  assertEquals(await response.text(), "sound");
});

Deno.test("POST /speech removes spaces from the media type of a data URL", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ text: "pcm", headers: { "content-type": "audio/pcm; rate=24000" } });
  const request = { input, response_format: "pcm" };
  const { body } = await send(handler, environmentOf(upstream), request);
  assertEquals(body.audio.media_type, "audio/pcm;rate=24000");
  assertEquals(await (await fetch(body.audio.data_url)).text(), "pcm");
});

Deno.test("POST /speech checks the bucket before anything is paid for", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(404, { error: "STORAGE_NOT_FOUND", message: "Bucket not found" });
  const environment = createEnvironment({ INSFORGE_BASE_URL: insforge.url });
  const request = { input, save: { bucket: "nowhere" } };
  const { status, body } = await send(handler, environment, request);
  assertEquals([status, body.error], [400, "STORAGE_NOT_FOUND"]);
});

for (
  const [change, message] of [
    [{ input: "" }, /^"input" must not be empty$/],
    [{ input: "x".repeat(4_001) }, /^"input" must have at most 4000 characters$/],
    [{ response_format: "midi" }, /^"response_format" must be one of "mp3", "pcm"$/],
    [{ speed: 9 }, /^"speed" must be 4 or less$/],
    [{ save: { bucket: "a b" } }, /^"save.bucket" must be a bucket's name/],
  ] as [object, RegExp][]
) {
  Deno.test(`POST /speech rejects ${JSON.stringify(change).slice(0, 40)}`, async () => {
    const { status, body } = await send(handler, createEnvironment(), { input, ...change });
    assertEquals(status, 400);
    assertMatch(body.message, message);
  });
}

function environmentOf({ url }: Upstream) {
  return createEnvironment({ OPENROUTER_BASE_URL: url });
}
