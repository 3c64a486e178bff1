import { assertEquals } from "@std/assert";
import handler from "../functions/rerank/index.ts";
import { createEnvironment, send } from "./support/caller.ts";
import { createUpstream } from "./support/upstream.ts";

const documents = ["A ferry at dawn", { text: "A bakery on a hill" }, "A shop"];
const results = [
  { index: 1, relevance_score: 0.9, document: { text: "A bakery on a hill" } },
  { index: 2, relevance_score: 0.4, document: { text: "A shop" } },
  { index: 0, relevance_score: 0.1, document: { text: "A ferry at dawn" } },
];
const usage = { search_units: 1, total_tokens: 9, cost: 0.002 };

Deno.test("POST /rerank returns documents as they were sent, the most relevant first", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { id: "gen-1", model: "cohere/rerank-v3.5", results, usage } });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const request = { query: "bread", documents, top_n: 2 };
  const { status, body, headers } = await send(handler, environment, request);
  assertEquals(status, 200);
  assertEquals(body, {
    results: [
      { index: 1, relevance_score: 0.9, document: { text: "A bakery on a hill" } },
      { index: 2, relevance_score: 0.4, document: "A shop" }, // two, although three came
    ],
    model: "cohere/rerank-v3.5",
    usage,
  });
  assertEquals(headers.get("X-Generation-Id"), "gen-1");
  assertEquals(upstream.requests[0]!.path, "/api/v1/rerank");
  assertEquals(upstream.requests[0]!.body, { ...request, model: "cohere/rerank-v3.5" });
});

Deno.test("POST /rerank rejects a model that is not allowed", async () => {
  const environment = createEnvironment({ ALLOWED_MODELS: "cohere/*" });
  const request = { query: "bread", documents, model: "other/reranker" };
  const { status, body } = await send(handler, environment, request);
  assertEquals([status, body.error], [400, "AI_INVALID_MODEL"]);
});

Deno.test("POST /rerank returns 500 when its default model is not allowed", async () => {
  const environment = createEnvironment({ ALLOWED_MODELS: "openai/*" });
  const { status, body } = await send(handler, environment, { query: "bread", documents });
  const message =
    "The setting OPENROUTER_RERANK_MODEL must name a model that ALLOWED_MODELS allows";
  assertEquals([status, body.message], [500, message]);
});

for (
  const [change, message] of [
    [{ query: " " }, '"query" must not be blank'],
    [{ query: "x".repeat(4_001) }, '"query" must have at most 4000 characters'],
    [{ documents: [] }, '"documents" must be a non-empty array'],
    [{ documents: [""] }, '"documents[0]" must not be empty'],
    [{ documents: Array(1_001).fill("a") }, '"documents" must have at most 1000 items'],
    [{ documents: [{}] }, '"documents[0]" must have a text or an image'],
    [{ top_n: 0 }, '"top_n" must be 1 or more'],
  ] as [object, string][]
) {
  Deno.test(`POST /rerank responds with: ${message}`, async () => {
    const request = { query: "bread", documents, ...change };
    const { status, body } = await send(handler, createEnvironment(), request);
    assertEquals([status, body.message], [400, message]);
  });
}

Deno.test("POST /rerank rejects documents above MAX_INPUT_TOKENS", async () => {
  const environment = createEnvironment({ MAX_INPUT_TOKENS: "5" });
  const { status, body } = await send(handler, environment, { query: "bread", documents });
  const message = '"documents" must have at most 5 tokens, and has about 13';
  assertEquals([status, body.message], [400, message]);
});
