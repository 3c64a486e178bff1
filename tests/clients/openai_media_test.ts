/** The unmodified `openai` package: images, audio and its first API for completions. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { serve } from "../local/openrouter_server.ts";
import { TOKEN } from "../support/caller.ts";
import { assertPicture } from "./pictures.ts";
import { type Served, serveV1 } from "./served.ts";

const TIMEOUT_MS = 20_000;
const model = "openai/gpt-image-1";
const prompt = "a lighthouse";
const picture = new File([Uint8Array.of(0x89, 0x50, 0x4e, 0x47)], "a.png", { type: "image/png" });

Deno.test("openai: images.generate streams previews and the image", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const stream = await connect(served).images.generate({
    model,
    prompt,
    stream: true,
    partial_images: 2,
  });
  const events = await Array.fromAsync(stream);
  assertEquals(events.map(({ type }) => type), [
    "image_generation.partial_image",
    "image_generation.partial_image",
    "image_generation.completed",
  ]);
  const last = events.at(-1)!;
  assert(last.type === "image_generation.completed" && last.usage.output_tokens > 0);
  assertPicture(last.b64_json);
});

Deno.test("openai: images.edit sends one picture or several, and streams", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { images } = connect(served);
  const one = await images.edit({ model, prompt, image: picture });
  assertPicture(one.data![0]!.b64_json!);
  await images.edit({ model, prompt, image: [picture, picture], n: 2 });
  const { body } = server.requests.at(-1)!;
  assertEquals([body.n, body.input_references.length], [2, 2]);
  const stream = await images.edit({ model, prompt, image: picture, stream: true });
  assertEquals((await Array.fromAsync(stream)).at(-1)!.type, "image_edit.completed");
});

Deno.test("openai: images.edit rejects a mask, which OpenRouter lacks", async () => {
  await using served = await serveV1();
  const error = await assertRejects(
    () => connect(served).images.edit({ model, prompt, image: picture, mask: picture }),
    OpenAI.BadRequestError,
  );
  assertEquals(error.param, "mask");
});

Deno.test("openai: audio.speech.create returns audio that audio.transcriptions.create accepts", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { audio } = connect(served);
  const spoken = await audio.speech.create({
    model: "openai/gpt-4o-mini-tts-2025-12-15",
    voice: "alloy",
    input: "The ferry leaves at nine.",
  });
  assertEquals(spoken.headers.get("content-type"), "audio/mpeg");
  const bytes = await spoken.arrayBuffer();
  assertEquals([...new Uint8Array(bytes).subarray(0, 2)], [0xff, 0xfb]);
  const file = new File([bytes], "ferry.mp3", { type: "audio/mpeg" });
  const heard = await audio.transcriptions.create({
    model: "openai/whisper-1",
    file,
    response_format: "verbose_json",
    timestamp_granularities: ["segment"],
  });
  assertStringIncludes(heard.text, "recording");
  assertEquals(heard.segments!.length, 1);
  const { data, format } = server.requests.at(-1)!.body.input_audio;
  assertEquals([atob(data).length, format], [bytes.byteLength, "mp3"]);
});

Deno.test("openai: audio formats that OpenRouter lacks are a BadRequestError", async () => {
  await using served = await serveV1();
  const { audio } = connect(served);
  const speech = await assertRejects(
    () => audio.speech.create({ model: "a/b", voice: "alloy", input: "a", response_format: "wav" }),
    OpenAI.BadRequestError,
  );
  assertStringIncludes(speech.message, '"response_format" must be one of "mp3", "pcm"');
  const file = new File(["a"], "a.mp3");
  const text = await assertRejects(
    () => audio.transcriptions.create({ model: "a/b", file, response_format: "srt" }),
    OpenAI.BadRequestError,
  );
  assertEquals(text.param, "response_format");
});

Deno.test("openai: completions.create continues a text, as JSON and as a stream", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { completions } = connect(served);
  const request = { model: "openai/gpt-4o-mini", prompt: "Once upon a time" };
  const whole = await completions.create(request);
  assertEquals([whole.object, whole.choices[0]!.finish_reason], ["text_completion", "stop"]);
  const chunks = await Array.fromAsync(await completions.create({ ...request, stream: true }));
  const text = chunks.map(({ choices }) => choices[0]?.text ?? "").join("");
  assertEquals(text, whole.choices[0]!.text);
});

function connect({ baseURL }: Served): OpenAI {
  return new OpenAI({ baseURL, apiKey: TOKEN, maxRetries: 0, timeout: TIMEOUT_MS });
}
