import { assertEquals } from "@std/assert";
import handler from "../functions/object-gen/index.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { createEnvironment, send } from "./support/caller.ts";
import { createUpstream, type Upstream } from "./support/upstream.ts";

const REQUEST = {
  prompt: "a chair shaped like an avocado",
  num_inference_steps: 32,
  num_outputs: 1,
  extension: "ply",
  model: "openai/shap-e",
};

Deno.test("POST /object-gen sends the documented request and returns the documented response", async () => {
  await using upstream = await createUpstream();
  const generations = [{ uri: "cGx5" }, { url: "https://a.example/b.ply" }];
  upstream.reply({ json: { generations } });
  const { status, body } = await send(handler, environmentOf(upstream), REQUEST);
  assertEquals([status, body], [200, { generations }]);
  assertEquals(upstream.requests[0]!.path, "/api/v1/objects/generations");
  assertEquals(upstream.requests[0]!.body, REQUEST);
});

Deno.test("POST /object-gen needs nothing but a prompt", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { generations: [{ uri: "cGx5" }] } });
  await send(handler, environmentOf(upstream), { prompt: "a chair" });
  assertEquals(upstream.requests[0]!.body, { prompt: "a chair", model: "openai/shap-e" });
});

Deno.test("POST /object-gen saves objects, and returns those of which there is only a URL", async () => {
  await using upstream = await createUpstream();
  await using insforge = createInsForge();
  const url = "https://a.example/b.ply";
  upstream.reply({ json: { generations: [{ uri: "cGx5" }, { url }] } });
  insforge.reply(200, { method: "direct" }); // the check before the payment
  insforge.reply(200, { method: "direct" });
  insforge.reply(201, { bucket: "objects", key: "k", url: "https://storage.test/k" });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: insforge.url,
    ENABLE_OBJECT_GEN: "true",
  });
  const request = { ...REQUEST, num_outputs: 2, save: { bucket: "objects" } };
  const { status, body } = await send(handler, environment, request);
  const [saved, unsaved] = body.generations;
  assertEquals([status, saved.url, saved.media_type], [200, "https://storage.test/k", "model/ply"]);
  assertEquals([saved.key.slice(-4), saved.uri], [".ply", undefined]);
  assertEquals([unsaved.url, unsaved.save_error.error], [url, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("POST /object-gen returns 403 unless ENABLE_OBJECT_GEN is set", async () => {
  const { status, body } = await send(handler, createEnvironment(), REQUEST);
  assertEquals([status, body], [403, {
    error: "FORBIDDEN",
    message: "This app does not generate 3D objects",
    statusCode: 403,
    nextActions: "Ask the operator of this app to switch 3D objects on",
  }]);
});

Deno.test("POST /object-gen returns 502 for a response without an object", async () => {
  for (const json of [{}, { generations: [] }, { generations: [null] }, { generations: [{}] }]) {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const { status, body } = await send(handler, environmentOf(upstream), REQUEST);
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }
});

Deno.test("POST /object-gen rejects a model that is not allowed", async () => {
  const values = { ENABLE_OBJECT_GEN: "true", ALLOWED_MODELS: "cohere/*" };
  const { status, body } = await send(handler, createEnvironment(values), REQUEST);
  assertEquals([status, body.error], [400, "AI_INVALID_MODEL"]);
});

function environmentOf({ url }: Upstream) {
  return createEnvironment({ OPENROUTER_BASE_URL: url, ENABLE_OBJECT_GEN: "true" });
}
