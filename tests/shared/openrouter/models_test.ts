/** The gateway's catalogue, fetched through a function. */
import { assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { listModels } from "../../../shared/openrouter/models.ts";
import { send } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { app, handler } = createApp("probe");
app.get("/models", async ({ env: call }) => {
  const filters = Object.fromEntries(new URL(call.request.url).searchParams);
  return Response.json(await listModels(call, filters));
});

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

Deno.test("caches twenty lists for five minutes", async () => {
  await using upstream = await createUpstream();
  const list = async (filter: string) => {
    const options = { method: "GET", path: `/models?q=${filter}` };
    await send(handler, environmentOf(upstream), undefined, options);
    return upstream.requests.length;
  };
  const reply = () => upstream.reply({ json: { data: [] } });
  for (let i = 0; i < 20; i++) {
    reply();
    assertEquals(await list(`${i}`), i + 1);
  }
  assertEquals(await list("0"), 20);
  reply();
  assertEquals(await list("20"), 21);
  reply();
  assertEquals(await list("0"), 22); // the list of 20 replaced it
  assertEquals(await list("19"), 22);
  const realNow = Date.now;
  const later = Date.now() + 300_001;
  try {
    Date.now = () => later;
    reply();
    assertEquals(await list("19"), 23);
  } finally {
    Date.now = realNow;
  }
});
