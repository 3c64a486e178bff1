import { assertEquals, assertMatch } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, OPAQUE_USER, send, TOKEN } from "../support/caller.ts";
import { createUpstream, type Upstream, USAGE } from "../support/upstream.ts";

const DRAW = { path: "/v1/images/generations" };

Deno.test("POST /v1/images/generations converts OpenAI's request to OpenRouter's", async () => {
  await using upstream = await createUpstream();
  const data = [{ b64_json: "aaaa", media_type: "image/png" }];
  upstream.reply({ json: { created: 1, data, usage: USAGE } });
  const { status, body } = await send(handler, environmentOf(upstream), {
    prompt: "a cat",
    n: 2,
    size: "1024x1024",
    quality: "hd",
    response_format: "b64_json",
    background: null,
    output_format: "webp",
    user: "u",
    seed: 3,
  }, DRAW);
  assertEquals(status, 200);
  assertEquals(body, {
    created: 1,
    data,
    usage: { ...USAGE, input_tokens: 10, output_tokens: 5 },
  });
  const { path, body: sent } = upstream.requests[0]!;
  assertEquals(path, "/api/v1/images");
  assertEquals(sent, {
    model: "google/gemini-2.5-flash-image",
    prompt: "a cat",
    n: 2,
    size: "1024x1024",
    quality: "high",
    output_format: "webp",
    user: OPAQUE_USER,
    seed: 3,
  });
});

Deno.test("POST /v1/images/generations leaves out options that are auto", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { created: 1, data: [{ b64_json: "aaaa" }] } });
  const request = { model: "m", prompt: "a cat", size: "auto", quality: "auto" };
  const { body } = await send(handler, environmentOf(upstream), request, DRAW);
  assertEquals(body, { created: 1, data: [{ b64_json: "aaaa" }] });
  assertEquals(upstream.requests[0]!.body, { model: "m", prompt: "a cat", quality: "auto" });
});

Deno.test("POST /v1/images/generations returns URLs in InsForge's storage", async () => {
  const stored: { path: string; type: string; size: number }[] = [];
  await using insforge = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      assertEquals(request.headers.get("authorization"), `Bearer ${TOKEN}`);
      const { pathname, origin } = new URL(request.url);
      if (request.method === "POST") {
        const { filename: key } = await request.json();
        const uploadUrl = `${origin}${pathname.replace("upload-strategy", "objects")}/${key}`;
        return Response.json({ method: "direct", uploadUrl, key, confirmRequired: false });
      }
      const { type, size } = (await request.formData()).get("file") as File;
      stored.push({ path: pathname, type, size });
      const [bucket, key] = pathname.split("/objects/");
      const url = `https://storage.test/${key}`;
      return Response.json({ bucket, key, size, mimeType: type, uploadedAt: "", url });
    },
  );
  await using upstream = await createUpstream();
  const image = { b64_json: "aaaa", media_type: "image/webp" };
  upstream.reply({ json: { created: 1, data: [image, image] } });
  const environment = environmentOf(upstream, {
    INSFORGE_BASE_URL: `http://127.0.0.1:${insforge.addr.port}`,
  });
  const request = { prompt: "a cat", n: 2, response_format: "url" };
  const { status, body } = await send(handler, environment, request, DRAW);
  assertEquals([status, body.created, body.data.length], [200, 1, 2]);
  for (const { url, media_type, b64_json } of body.data) {
    assertMatch(url, /^https:\/\/storage\.test\/[\w-]{36}\.webp$/);
    assertEquals([media_type, b64_json], ["image/webp", undefined]);
  }
  assertEquals(stored.map(({ type, size }) => [type, size]), [["image/webp", 3], [
    "image/webp",
    3,
  ]]);
  assertMatch(stored[0]!.path, /^\/api\/storage\/buckets\/images\/objects\//);
  assertEquals(upstream.requests[0]!.body.response_format, undefined);
});

Deno.test("POST /v1/images/generations returns a paid image that could not be stored", async () => {
  await using upstream = await createUpstream();
  await using insforge = await createUpstream();
  const refusal = { error: "X", message: "x", statusCode: 413 };
  insforge.reply({ json: { method: "direct" } });
  upstream.reply({ json: { created: 1, data: [{ b64_json: "aaaa" }] } });
  insforge.reply({ status: 413, json: refusal });
  const environment = environmentOf(upstream, { INSFORGE_BASE_URL: new URL(insforge.url).origin });
  const request = { prompt: "a cat", response_format: "url" };
  const { status, body } = await send(handler, environment, request, DRAW);
  // An error would make OpenAI's SDK send, and pay, three times.
  assertEquals([status, body.data], [200, [{
    b64_json: "aaaa",
    save_error: {
      error: "INVALID_INPUT",
      message: 'The file is larger than the bucket "images" allows',
    },
  }]]);
});

Deno.test("POST /v1/images/generations does not pay for an image when its bucket does not exist", async () => {
  await using upstream = await createUpstream();
  await using insforge = await createUpstream();
  insforge.reply((request) => {
    assertEquals(request.path, "/api/storage/buckets/pictures/upload-strategy");
    return { status: 404, json: { error: "STORAGE_NOT_FOUND", message: "x", statusCode: 404 } };
  });
  const environment = environmentOf(upstream, {
    INSFORGE_BASE_URL: new URL(insforge.url).origin,
    IMAGE_BUCKET: "pictures",
  });
  const request = { prompt: "a cat", response_format: "url" };
  const { status, body } = await send(handler, environment, request, DRAW);
  assertEquals([status, body.error.metadata.error_code], [400, "STORAGE_NOT_FOUND"]);
  assertMatch(body.error.message, /"pictures"/);
});

const PARTIAL = {
  type: "image_generation.partial_image",
  b64_json: "AA",
  partial_image_index: 0,
};
const COMPLETED = { type: "image_generation.completed", b64_json: "BB", created: 1, usage: USAGE };

function toEvents(events: object[]): string[] {
  return [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), "data: [DONE]\n\n"];
}

Deno.test("POST /v1/images passes OpenRouter's request and response on", async () => {
  await using upstream = await createUpstream();
  const json = { created: 1, data: [{ b64_json: "aaaa", media_type: "image/png" }], usage: USAGE };
  upstream.reply({ json });
  const input_references = [{ type: "image_url", image_url: { url: "https://a.example/b.png" } }];
  const request = { model: "a/b", prompt: "a cat", aspect_ratio: "16:9", input_references };
  const path = "/v1/images";
  const { status, body } = await send(handler, environmentOf(upstream), request, { path });
  assertEquals([status, body], [200, json]);
  assertEquals(upstream.requests[0]!.body, request);
});

Deno.test("POST /v1/images streams OpenRouter's bytes", async () => {
  await using upstream = await createUpstream();
  const sse = toEvents([PARTIAL, COMPLETED]);
  upstream.reply({ sse });
  const request = { prompt: "a cat", stream: true };
  const path = "/v1/images";
  const { text } = await send(handler, environmentOf(upstream), request, { path });
  assertEquals(text, sse.join(""));
  assertEquals(upstream.requests[0]!.body.stream, true);
});

Deno.test("POST /v1/images ends a cut stream with an error event in OpenAI's shape", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: toEvents([PARTIAL]).slice(0, 1), end: "cut" });
  const request = { prompt: "a cat", stream: true };
  const path = "/v1/images";
  const { text } = await send(handler, environmentOf(upstream), request, { path });
  const last = JSON.parse(text.trim().split("\n\n").at(-1)!.slice("data: ".length));
  assertEquals([last.type, last.error.code], ["error", 502]);
});

Deno.test("POST /v1/images/generations streams with OpenAI's names for the usage", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: toEvents([PARTIAL, COMPLETED]) });
  const request = { prompt: "a cat", stream: true, partial_images: 1 };
  const { text } = await send(handler, environmentOf(upstream), request, DRAW);
  const usage = { ...USAGE, input_tokens: 10, output_tokens: 5 };
  assertEquals(text, toEvents([PARTIAL, { ...COMPLETED, usage }]).join(""));
  assertEquals(upstream.requests[0]!.body.partial_images, 1);
});

Deno.test("POST /v1/images/generations delivers the JSON of a provider that does not stream as events", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { created: 1, data: [{ b64_json: "BB" }], usage: USAGE } });
  const request = { prompt: "a cat", stream: true };
  const { text } = await send(handler, environmentOf(upstream), request, DRAW);
  const [first, done] = text.trim().split("\n\n");
  const { type, b64_json, usage } = JSON.parse(first!.slice("data: ".length));
  assertEquals([type, b64_json, usage.output_tokens, done], [
    "image_generation.completed",
    "BB",
    5,
    "data: [DONE]",
  ]);
});

Deno.test("POST /v1/images/edits sends the images of a form as references", async () => {
  await using upstream = await createUpstream();
  const data = [{ b64_json: "aaaa" }];
  upstream.reply({ json: { created: 1, data } });
  const form = new FormData();
  form.append("image[]", new File(["one"], "a.png", { type: "image/png" }));
  form.append("image[]", new File(["two"], "b.JPG"));
  form.append("prompt", "a hat");
  form.append("n", "2");
  const { status, body } = await sendForm(upstream, form);
  assertEquals([status, body.data], [200, data]);
  const toPart = (url: string) => ({ type: "image_url", image_url: { url } });
  assertEquals(upstream.requests[0]!.path, "/api/v1/images");
  assertEquals(upstream.requests[0]!.body, {
    model: "google/gemini-2.5-flash-image",
    prompt: "a hat",
    n: 2,
    input_references: [
      toPart(`data:image/png;base64,${btoa("one")}`),
      toPart(`data:image/jpeg;base64,${btoa("two")}`),
    ],
  });
});

Deno.test("POST /v1/images/edits accepts JSON with URLs, and streams with OpenAI's types", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: toEvents([PARTIAL, COMPLETED]) });
  const url = "https://a.example/b.png";
  const request = { prompt: "a hat", images: [{ image_url: url }], stream: true };
  const path = "/v1/images/edits";
  const { text } = await send(handler, environmentOf(upstream), request, { path });
  const types = text.trim().split("\n\n").slice(0, -1).map((event) =>
    JSON.parse(event.slice(6)).type
  );
  assertEquals(types, ["image_edit.partial_image", "image_edit.completed"]);
  const [reference] = upstream.requests[0]!.body.input_references;
  assertEquals(reference, { type: "image_url", image_url: { url } });
});

Deno.test("POST /v1/images/edits returns 400 for a form without an image, with a mask or another file", async () => {
  await using upstream = await createUpstream();
  const image = new File(["one"], "a.png", { type: "image/png" });
  const forms: [Record<string, string | File>, string][] = [
    [{ prompt: "a hat" }, '"image" is required'],
    [{ prompt: "a hat", image, mask: image }, '"mask" must be left out'],
    [{ prompt: "a hat", image: new File(["x"], "a") }, '"image" must be an image file'],
    [{ image }, '"prompt" is required'],
    [{ prompt: "a hat", image, n: "many" }, '"n" must be'],
  ];
  for (const [fields, message] of forms) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const { status, body } = await sendForm(upstream, form);
    assertEquals([status, body.error.message.slice(0, message.length)], [400, message]);
  }
});

async function sendForm(upstream: Upstream, form: FormData) {
  const encoded = new Response(form);
  const headers = { "Content-Type": encoded.headers.get("Content-Type")! };
  const raw = await encoded.bytes();
  const options = { path: "/v1/images/edits", raw, headers };
  return await send(handler, environmentOf(upstream), undefined, options);
}

/** The settings of a project that uses the scripted OpenRouter. */
function environmentOf({ url }: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
}
