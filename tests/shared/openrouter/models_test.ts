/** The gateway's catalogue, fetched through a function. */
import { assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { listModels } from "../../../shared/openrouter/models.ts";
import { send } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { app, handler } = createApp("probe");
app.get("/models", async ({ env: call }) => Response.json(await listModels(call)));

Deno.test("lists the models of all output modalities", async () => {
  await using upstream = await createUpstream();
  const json = { data: [{ id: "a/b", pricing: { prompt: "0" } }] };
  upstream.reply({ json });
  const options = { method: "GET", path: "/models" };
  const { body } = await send(handler, environmentOf(upstream), undefined, options);
  assertEquals(body, json);
  assertEquals(upstream.requests[0]!.path, "/api/v1/models?output_modalities=all");
});

for (const json of [{ data: {} }, null, "text"]) {
  Deno.test(`returns 502 for ${JSON.stringify(json)} instead of a list of models`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const options = { method: "GET", path: "/models" };
    const { status, body } = await send(handler, environmentOf(upstream), undefined, options);
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}
