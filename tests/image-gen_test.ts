import { assertEquals, assertMatch } from "@std/assert";
import handler from "../functions/image-gen/index.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { createEnvironment, OPAQUE_USER, PROMPT, send } from "./support/caller.ts";
import { completion, createUpstream, USAGE } from "./support/upstream.ts";

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const DATA_URL = `data:image/png;base64,${PIXEL}`;
const drawn = (url = DATA_URL) =>
  completion({ content: "Here it is", images: [{ type: "image_url", image_url: { url } }] });

Deno.test("POST /image-gen makes an image with a chat model", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: drawn() });
  const { status, body } = await send(handler, environmentOf(upstream), {
    prompt: PROMPT,
    images: ["https://example.com/a.png"],
    image_config: { aspect_ratio: "16:9" },
  });
  assertEquals(status, 200);
  assertEquals(body, {
    images: [{ media_type: "image/png", data_url: DATA_URL }],
    text: "Here it is",
    model: "openai/gpt-4o-mini",
    usage: USAGE,
  });
  assertEquals(upstream.requests[0]!.body, {
    modalities: ["image", "text"],
    image_config: { aspect_ratio: "16:9" },
    model: "google/gemini-2.5-flash-image",
    messages: [{
      role: "user",
      content: [
        { type: "text", text: PROMPT },
        { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      ],
    }],
    max_tokens: 16384,
    user: OPAQUE_USER,
    stream: false,
  });
});

const PARTIAL = {
  type: "image_generation.partial_image",
  b64_json: PIXEL,
  partial_image_index: 0,
};
const COMPLETED = {
  type: "image_generation.completed",
  b64_json: PIXEL,
  media_type: "image/webp",
  usage: USAGE,
};
const toEvents = (events: object[]) => [
  ...events.map((event) => `data: ${JSON.stringify(event)}\n\n`),
  "data: [DONE]\n\n",
];
const readEvents = (text: string) =>
  text.trim().split("\n\n").map((event) => event.slice("data: ".length))
    .map((data) => data === "[DONE]" ? data : JSON.parse(data));

Deno.test("POST /image-gen streams previews, texts and images", async () => {
  await using upstream = await createUpstream();
  const text = { type: "image_generation.text_chunk", phase: "content", text: "A cat" };
  const thought = { ...text, phase: "reasoning" };
  upstream.reply({ sse: toEvents([PARTIAL, thought, text, COMPLETED]) });
  const request = { prompt: PROMPT, stream: true, partial_images: 1, images: [DATA_URL] };
  const { status, text: events } = await send(handler, environmentOf(upstream), request);
  assertEquals(status, 200);
  const model = "google/gemini-2.5-flash-image";
  assertEquals(readEvents(events), [
    { type: "partial", index: 0, image: { media_type: "image/png", data_url: DATA_URL } },
    { type: "text", text: "A cat" },
    {
      type: "image",
      image: { media_type: "image/webp", data_url: DATA_URL.replace("png", "webp") },
      model,
      usage: USAGE,
    },
    "[DONE]",
  ]);
  assertEquals(upstream.requests[0]!.path, "/api/v1/images");
  assertEquals(upstream.requests[0]!.body, {
    partial_images: 1,
    input_references: [{ type: "image_url", image_url: { url: DATA_URL } }],
    model,
    prompt: PROMPT,
    stream: true,
  });
});

Deno.test("POST /image-gen saves the images of a stream, and signs their URLs", async () => {
  await using upstream = await createUpstream();
  await using insforge = createInsForge();
  upstream.reply({ sse: toEvents([PARTIAL, COMPLETED]) });
  insforge.reply(200, { method: "direct" }); // the check before the payment
  insforge.reply(200, { method: "direct" });
  insforge.reply(201, { bucket: "images", key: "k", url: "https://storage.test/k" });
  insforge.reply(200, { method: "presigned", url: "https://s3.test/k?sig=1" });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: insforge.url,
  });
  const save = { bucket: "images", signed_url_seconds: 60 };
  const { text } = await send(handler, environment, { prompt: PROMPT, stream: true, save });
  const [preview, { image }, done] = readEvents(text);
  assertEquals([preview.type, image.url, image.signed_url, image.bucket, done], [
    "partial",
    "https://storage.test/k",
    "https://s3.test/k?sig=1",
    "images",
    "[DONE]",
  ]);
  assertEquals(image.data_url, undefined);
});

Deno.test("POST /image-gen ends a stream that fails with an error event and without [DONE]", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: toEvents([PARTIAL]).slice(0, 1), end: "cut" });
  const request = { prompt: PROMPT, stream: true };
  const { text } = await send(handler, environmentOf(upstream), request);
  const last = readEvents(text).at(-1);
  assertEquals(last.error.code, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("POST /image-gen sends the output limit under the request's name for it, or the model's", async () => {
  await using upstream = await createUpstream();
  for (
    const [model, given, ...sent] of [
      ["openai/gpt-5-image", {}, undefined, 16384],
      ["openai/gpt-5-image", { max_tokens: 99 }, undefined, 99],
      ["a/b", { max_completion_tokens: 99 }, undefined, 99],
      ["a/b", { max_tokens: 99 }, 99, undefined],
    ] as const
  ) {
    upstream.reply({ json: drawn() });
    await send(handler, environmentOf(upstream), { prompt: PROMPT, model, ...given });
    const { max_tokens, max_completion_tokens } = upstream.requests.at(-1)!.body;
    assertEquals([max_tokens, max_completion_tokens], sent);
  }
});

Deno.test("POST /image-gen uses the image API for options that only it has", async () => {
  await using upstream = await createUpstream();
  const data = [{ b64_json: PIXEL, media_type: "image/webp" }, { b64_json: PIXEL }];
  upstream.reply({ json: { created: 1, data, usage: USAGE } });
  const { body } = await send(handler, environmentOf(upstream), {
    prompt: PROMPT,
    images: [DATA_URL],
    model: "openai/gpt-image-1",
    n: 2,
    size: "1024x1024",
    output_format: "webp",
  });
  assertEquals(body.images, [
    { media_type: "image/webp", data_url: `data:image/webp;base64,${PIXEL}` },
    { media_type: "image/png", data_url: DATA_URL },
  ]);
  assertEquals(body.model, "openai/gpt-image-1");
  assertEquals(upstream.requests[0]!.path, "/api/v1/images");
  assertEquals(upstream.requests[0]!.body, {
    n: 2,
    size: "1024x1024",
    output_format: "webp",
    input_references: [{ type: "image_url", image_url: { url: DATA_URL } }],
    model: "openai/gpt-image-1",
    prompt: PROMPT,
  });
});

Deno.test("POST /image-gen returns an image that OpenRouter gives as a URL", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: drawn("https://cdn.example.com/a.png") });
  const { body } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals(body.images, [{ media_type: "image/*", url: "https://cdn.example.com/a.png" }]);
});

Deno.test("POST /image-gen returns an error for a response without an image", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion({ content: "I would rather describe it" }) });
  const first = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([first.status, first.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);

  upstream.reply({ json: completion({ content: null, refusal: "No" }) });
  const second = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([second.status, second.body.error], [403, "FORBIDDEN"]);

  upstream.reply({ json: { created: 1, data: [] } });
  const third = await send(handler, environmentOf(upstream), { prompt: PROMPT, n: 1 });
  assertEquals([third.status, third.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("POST /image-gen returns 502 for images that it cannot read", async () => {
  await using upstream = await createUpstream();
  const environment = environmentOf(upstream);
  const list = (...images: unknown[]) => ({ json: completion({ images }) });
  for (
    const reply of [
      { json: completion({ images: "many" }) },
      list(null),
      list({ type: "image_url", image_url: null }),
      list({ image_url: { url: "data:image;base64,AAAA" } }),
      list({ image_url: { url: "javascript:alert(1)" } }),
    ]
  ) {
    upstream.reply(reply);
    const { status, body } = await send(handler, environment, { prompt: PROMPT });
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }

  upstream.reply({ json: { created: 1, data: [{ b64_json: PIXEL }, { b64_json: null }] } });
  const missing = await send(handler, environment, { prompt: PROMPT, n: 2 });
  assertEquals([missing.status, missing.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);

  await using insforge = await createUpstream();
  insforge.reply({ json: { method: "direct" } });
  upstream.reply({ json: drawn("data:image/png;base64,%%%%") });
  const saving = environmentOf(upstream, insforge);
  const broken = await send(handler, saving, { prompt: PROMPT, save: { bucket: "b" } });
  assertEquals([broken.status, broken.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("POST /image-gen returns a paid image that could not be stored, with the reason", async () => {
  await using upstream = await createUpstream();
  await using insforge = await createUpstream();
  insforge.reply(({ body }) => {
    // Policies decide by key, so write access is checked below the prefix only.
    assertMatch(body.filename, /^mine\/[\w-]{36}\.png$/);
    return { json: { method: "direct" } };
  });
  upstream.reply({ json: drawn() });
  insforge.reply({ status: 403, json: { error: "X", message: "x", statusCode: 403 } });
  const request = { prompt: PROMPT, save: { bucket: "b", prefix: "mine/" } };
  const { status, body } = await send(handler, environmentOf(upstream, insforge), request);
  assertEquals([status, body.images], [200, [{
    media_type: "image/png",
    data_url: DATA_URL,
    save_error: {
      error: "STORAGE_PERMISSION_DENIED",
      message: 'You are not allowed to write to the bucket "b"',
    },
  }]]);
});

Deno.test("POST /image-gen does not pay for an image that its bucket cannot store", async () => {
  await using upstream = await createUpstream();
  await using insforge = await createUpstream();
  for (
    const [status, ours, code] of [
      [404, 400, "STORAGE_NOT_FOUND"],
      [403, 403, "STORAGE_PERMISSION_DENIED"],
      [401, 401, "AUTH_UNAUTHORIZED"],
    ] as const
  ) {
    insforge.reply({ status, json: { error: "X", message: "x", statusCode: status } });
    const request = { prompt: PROMPT, save: { bucket: "nowhere" } };
    const answer = await send(handler, environmentOf(upstream, insforge), request);
    assertEquals([answer.status, answer.body.error], [ours, code]);
  }
  assertEquals(upstream.requests, []);
});

for (
  const [body, message] of [
    [{ prompt: "" }, /^"prompt" must not be empty/],
    [{ prompt: "x".repeat(4001) }, /^"prompt" must have at most 4000 characters/],
    [{ prompt: "x", images: ["ftp://a"] }, /^"images\[0\]" must be an http\(s\) URL/],
    [{ prompt: "x", images: Array(17).fill(DATA_URL) }, /^"images" must have at most 16 items/],
    [{ prompt: "x", n: 11 }, /^"n" must be 10 or less/],
    [{ prompt: "x", partial_images: 4 }, /^"partial_images" must be 3 or less/],
    [
      { prompt: "x", stream: true, image_config: {} },
      /^"image_config" cannot be combined with "stream"/,
    ],
    [{ prompt: "x", n: 2, image_config: {} }, /^"image_config" cannot be combined with "n"/],
    [{ prompt: "x", save: {} }, /^"save\.bucket" is required/],
    [{ prompt: "x", save: { bucket: "a/b" } }, /^"save\.bucket" must be a bucket's name/],
    [{ prompt: "x", save: { bucket: "a", prefix: "../" } }, /^"save\.prefix" must/],
    [
      { prompt: "x", save: { bucket: "a", prefix: "/a" } },
      /^"save\.prefix" must not begin with \//,
    ],
    [{ prompt: "x", save: { bucket: "a", prefix: "a\0" } }, /^"save\.prefix" must/],
    [{ prompt: "x", save: { bucket: "a", prefix: "a\n" } }, /^"save\.prefix" must/],
    [{ prompt: "x", save: { bucket: "a", prefix: "\ud800" } }, /^"save\.prefix" must/],
    [{ prompt: "x", save: { bucket: "a", key: "b" } }, /^"save\.key" is not a known field/],
  ] as [unknown, RegExp][]
) {
  Deno.test(`POST /image-gen rejects ${JSON.stringify(body).slice(0, 70)}`, async () => {
    const answer = await send(handler, createEnvironment(), body);
    assertEquals(answer.status, 400);
    assertMatch(answer.body.message, message);
  });
}

function environmentOf({ url }: { url: string }, insforge = { url: "http://127.0.0.1:9" }) {
  return createEnvironment({
    OPENROUTER_BASE_URL: url,
    INSFORGE_BASE_URL: new URL(insforge.url).origin,
  });
}
