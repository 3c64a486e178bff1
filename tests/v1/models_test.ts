import { assertEquals } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, send } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

const MODELS = {
  data: [{ id: "openai/gpt-4o-mini", name: "GPT-4o-mini" }, {
    id: "openai/text-embedding-3-small",
  }],
  total_count: 2,
};

Deno.test("GET /v1/models returns OpenRouter's list, and caches it", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: MODELS });
  for (const path of ["/v1/models", "/models", "/v1?route=models"]) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body], [200, MODELS]);
  }
  const { method, path } = upstream.requests[0]!;
  assertEquals([method, path], ["GET", "/api/v1/models?output_modalities=all"]);
});

Deno.test("GET /v1/models/{id} returns one model, with its slash escaped or not", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: MODELS });
  for (
    const path of [
      "/v1/models/openai/gpt-4o-mini",
      "/models/openai%2Fgpt-4o-mini",
      "/v1?route=models/openai/gpt-4o-mini",
    ]
  ) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body], [200, MODELS.data[0]], path);
  }
  const { status, body } = await get(upstream, "/v1/models/openai/gpt-0");
  const message = 'There is no model "openai/gpt-0"';
  const type = "invalid_request_error";
  const metadata = { error_code: "AI_INVALID_MODEL", next_actions: "Choose another model" };
  assertEquals([status, body.error], [
    404,
    { message, type, code: 404, param: "model", metadata },
  ]);
});

Deno.test("GET /v1/models does not cache failures", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: {} }, { json: { no: "data" } }, { json: MODELS });
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await get(upstream, "/v1/models")).status);
  assertEquals(statuses, [400, 502, 200]);
});

function get({ url }: Upstream, path: string) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url });
  return send(handler, environment, undefined, { path, method: "GET" });
}
