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
      message: 'The image is larger than the bucket "images" allows',
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

/** The settings of a project that uses the scripted OpenRouter. */
function environmentOf({ url }: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
}
