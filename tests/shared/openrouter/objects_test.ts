/** 3D objects, requested through a function. */
import { assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createApp } from "../../../shared/http/app.ts";
import { createObjects } from "../../../shared/openrouter/objects.ts";
import { createEnvironment, send } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  await requireUser(call);
  return Response.json(await createObjects(call, { prompt: "a chair" }));
});

Deno.test("createObjects returns the objects alone, and names the default model", async () => {
  await using upstream = await createUpstream();
  const generations = [{ uri: "cGx5" }];
  upstream.reply({ json: { generations, more: 1 } });
  const values = { OPENROUTER_BASE_URL: upstream.url, ENABLE_OBJECT_GEN: "true" };
  const { status, body } = await send(handler, createEnvironment(values), {});
  assertEquals([status, body], [200, { generations }]);
  assertEquals(upstream.requests[0]!.body, { model: "openai/shap-e", prompt: "a chair" });
});

Deno.test("createObjects returns 403 unless ENABLE_OBJECT_GEN is true", async () => {
  const { status, body } = await send(handler, createEnvironment(), {});
  assertEquals([status, body.error], [403, "FORBIDDEN"]);
});
