/** Speech and transcription, requested through a function. */
import { assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createApp } from "../../../shared/http/app.ts";
import { createSpeech, createTranscription } from "../../../shared/openrouter/audio.ts";
import { send } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { app, handler } = createApp("probe");
app.post("/speech", async ({ env: call }) => {
  await requireUser(call);
  const { mediaType } = await createSpeech(call, { model: "a/b", input: "Hello" });
  return Response.json({ mediaType });
});
app.post("/transcription", async ({ env: call }) => {
  await requireUser(call);
  return Response.json(await createTranscription(call, { model: "a/b" }));
});

Deno.test("createSpeech posts to /audio/speech", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ text: "sound", headers: { "content-type": "audio/mpeg" } });
  const { body } = await send(handler, environmentOf(upstream), {}, { path: "/speech" });
  assertEquals(body, { mediaType: "audio/mpeg" });
  assertEquals(upstream.requests[0]!.path, "/api/v1/audio/speech");
  assertEquals(upstream.requests[0]!.body, { model: "a/b", input: "Hello" });
});

Deno.test("createTranscription returns a text, which may be empty", async () => {
  for (const json of [{ text: "Hello", usage: { seconds: 1, cost: 0.1 } }, { text: "" }]) {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const options = { path: "/transcription" };
    assertEquals((await send(handler, environmentOf(upstream), {}, options)).body, json);
    assertEquals(upstream.requests[0]!.path, "/api/v1/audio/transcriptions");
  }
});

Deno.test("createTranscription returns 502 for a response without a text", async () => {
  for (const json of [{}, { text: 5 }, [], null, "text"]) {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const options = { path: "/transcription" };
    const { status, body } = await send(handler, environmentOf(upstream), {}, options);
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }
});
