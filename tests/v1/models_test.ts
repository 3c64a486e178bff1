import { assertEquals } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, send } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

const MODELS = {
  data: [
    { id: "openai/gpt-4o-mini", name: "GPT-4o-mini", created: 1_721_260_800 },
    { id: "acme/embedder", owned_by: "acme-labs", created: null },
    { id: 7 },
    null,
  ],
  total_count: 4,
  links: { next: null },
};
const GPT = { ...MODELS.data[0], object: "model", owned_by: "openai" };
const EMBEDDER = { ...MODELS.data[1], object: "model", created: 0 };
const LIST = {
  object: "list",
  data: [GPT, EMBEDDER],
  total_count: 2,
  links: { next: null },
};

Deno.test("GET /v1/models returns OpenRouter's list in OpenAI's form, and caches it", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: MODELS });
  for (const path of ["/v1/models", "/models", "/v1?route=models"]) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body], [200, LIST]);
  }
  const { method, path } = upstream.requests[0]!;
  assertEquals([method, path], ["GET", "/api/v1/models?output_modalities=all"]);
});

Deno.test("GET /v1/models sends OpenRouter's filters, and caches each list", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [MODELS.data[0]] } }, { json: { data: [MODELS.data[1]] } });
  const queries = ["category=programming&supported_parameters=tools", "output_modalities=image"];
  for (const query of [...queries, ...queries]) {
    const { body } = await get(upstream, `/v1/models?${query}`);
    assertEquals(body.data, [query === queries[0] ? GPT : EMBEDDER]);
  }
  assertEquals(upstream.requests.map(({ path }) => path), [
    `/api/v1/models?output_modalities=all&${queries[0]}`,
    `/api/v1/models?${queries[1]}`,
  ]);
});

Deno.test("GET /v1/models pages the allowed models", async () => {
  await using upstream = await createUpstream();
  const data = ["a/1", "b/1", "a/2", "a/3"].map((id) => ({ id }));
  upstream.reply({ json: { data } });
  const list = async (query: string) => {
    const { body } = await get(upstream, `/v1?route=models${query}`, { ALLOWED_MODELS: "a/*" });
    return [body.data?.map(({ id }: { id: string }) => id), body.total_count, body.links?.next];
  };
  assertEquals(await list(""), [["a/1", "a/2", "a/3"], 3, null]);
  assertEquals(await list("&limit=2"), [["a/1", "a/2"], 3, "?route=models&limit=2&offset=2"]);
  assertEquals(await list("&limit=2&offset=2"), [["a/3"], 3, null]);
  for (const query of ["limit=0", "limit=1001", "offset=-1", "offset=x", "use_rss=true"]) {
    const { status, body } = await get(upstream, `/v1/models?${query}`);
    assertEquals([status, body.error.param], [400, query.split("=")[0]], query);
  }
});

Deno.test("GET /v1/models returns 400 for a filter that the gateway lacks", async () => {
  await using upstream = await createUpstream();
  const settings = { AI_GATEWAY: "pinata", PINATA_BASE_URL: upstream.url, PINATA_LLM_KEY: "k" };
  const { status, body } = await get(upstream, "/v1/models?category=finance", settings);
  const message = "A filter of the list of models is not available with Pinata";
  assertEquals([status, body.error.message], [400, message]);
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
    assertEquals([status, body], [200, GPT], path);
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

Deno.test("GET /v1/models/count counts the allowed models", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: ["a/1", "b/1", "a/2"].map((id) => ({ id })) } });
  const { status, body } = await get(upstream, "/v1/models/count", { ALLOWED_MODELS: "a/*" });
  assertEquals([status, body], [200, { data: { count: 2 } }]);
});

Deno.test("GET /v1/embeddings/models lists the models that make vectors", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [{ id: "acme/embedder" }] } });
  for (const path of ["/v1/embeddings/models", "/v1?route=embeddings/models"]) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body.data[0].id, body.data[0].object], [200, "acme/embedder", "model"]);
  }
  const { path } = upstream.requests[0]!;
  assertEquals(path, "/api/v1/models?output_modalities=embeddings");
});

Deno.test("GET /v1/model/{author}/{slug} and its endpoints return what OpenRouter says", async () => {
  await using upstream = await createUpstream();
  const model = { data: { id: "openai/gpt-5", name: "GPT-5" } };
  const served = { data: { id: "openai/gpt-5", endpoints: [{ provider_name: "OpenAI" }] } };
  upstream.reply({ json: model }, { json: served });
  assertEquals((await get(upstream, "/v1/model/~openai/gpt-latest")).body, model);
  assertEquals((await get(upstream, "/v1?route=models/openai/gpt-5:nitro/endpoints")).body, served);
  assertEquals(upstream.requests.map(({ path }) => path), [
    "/api/v1/model/~openai/gpt-latest",
    "/api/v1/models/openai/gpt-5:nitro/endpoints",
  ]);
});

Deno.test("GET /v1/model/{author}/{slug} returns 404 for a model that is unknown or not allowed", async () => {
  await using upstream = await createUpstream();
  upstream.reply(
    { status: 404, json: { error: { code: 404, message: "Model not found" } } },
    { json: { data: { id: "openai/gpt-5" } } },
  );
  const values = { ALLOWED_MODELS: "a/*" };
  for (const name of ["no/model", "openai/gpt-5", "..%2F../key", "openai/..%2Fkey"]) {
    const { status, body } = await get(upstream, `/v1/model/${name}`, values);
    assertEquals([status, body.error.code], [404, 404], name);
  }
});

Deno.test("GET /v1/model/{author}/{slug} returns 502 for a response without a model", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ text: "" }, { json: {} }, { json: { data: null } });
  for (let i = 0; i < 3; i++) assertEquals((await get(upstream, "/v1/model/a/b")).status, 502);
});

Deno.test("GET /v1/model/{author}/{slug} returns 400 with a gateway that describes no single model", async () => {
  await using upstream = await createUpstream();
  const settings = { AI_GATEWAY: "pinata", PINATA_BASE_URL: upstream.url, PINATA_LLM_KEY: "k" };
  const { status, body } = await get(upstream, "/v1/model/a/b", settings);
  assertEquals([status, body.error.message], [400, '"/model/a/b" is not available with Pinata']);
});

Deno.test("GET /v1/models does not cache failures", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: {} }, { json: { no: "data" } }, { json: MODELS });
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await get(upstream, "/v1/models")).status);
  assertEquals(statuses, [502, 502, 200]);
});

for (
  const path of [
    "/v1/models",
    "/v1/api/v1/models",
    "/v1/models/count",
    "/v1/models/a/b",
    "/v1/embeddings/models",
    "/v1/model/a/b",
    "/v1/models/a/b/endpoints",
  ]
) {
  Deno.test(`GET ${path} returns 502 when the gateway blames the account or the size`, async () => {
    await using upstream = await createUpstream();
    const failures = [402, 403, 413];
    const toError = (code: number) => ({
      error: { code, message: "No", metadata: { reasons: ["violence"] } },
    });
    upstream.reply(
      ...failures.map((status) => ({ status, json: toError(status) })),
      ...failures.map((code) => ({ json: toError(code) })),
    );
    for (const failure of [...failures, ...failures]) {
      const { status, body } = await get(upstream, path);
      const seen = [status, body.error.code ?? body.data?.error.code];
      assertEquals(seen, [502, 502], `${failure}`);
    }
    assertEquals(upstream.requests.length, 6);
  });
}

function get({ url }: Upstream, path: string, values: Record<string, string> = {}) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
  return send(handler, environment, undefined, { path, method: "GET" });
}
