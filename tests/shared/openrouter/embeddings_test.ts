/** Vectors, and responses that hold none. */
import { assertEquals } from "@std/assert";
import { createUpstream } from "../../support/upstream.ts";
import { probe } from "./openrouter_probe.ts";

Deno.test("returns vectors in the order of their inputs", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: embeddings([[1, 2], [3, 4], [5, 6]], [2, 0, 1]) });
  const { body } = await probe("/embeddings", upstream, { params: { input: ["a", "b", "c"] } });
  const vectors = body.data.map(({ embedding }: { embedding: number[] }) => embedding);
  assertEquals(vectors, [[3, 4], [5, 6], [1, 2]]);
});

Deno.test("keeps the order of vectors without an index", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [{ embedding: [1] }, { embedding: [2] }] } });
  const { body } = await probe("/embeddings", upstream, { params: { input: ["a", "b"] } });
  assertEquals(body.data, [{ embedding: [1] }, { embedding: [2] }]);
});

/** Responses to two inputs that are not two vectors of numbers. */
const NO_VECTORS: unknown[] = [
  null,
  "text",
  {},
  { data: null },
  { data: {} },
  { data: [] },
  { data: [{ embedding: [1] }] },
  { data: [{ embedding: [1] }, { embedding: [2] }, { embedding: [3] }] },
  { data: [{ embedding: [1] }, { embedding: [] }] },
  { data: [{ embedding: [1] }, { embedding: "AACAPw==" }] },
  { data: [{ embedding: [1] }, {}] },
  { data: [{ embedding: [1] }, null] },
  { data: [{ embedding: [1] }, { embedding: [null] }] },
  { data: [{ embedding: [1] }, { embedding: ["1"] }] },
];

for (const json of NO_VECTORS) {
  Deno.test(`returns 502 for two inputs and the response ${JSON.stringify(json)}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const { status, body } = await probe("/embeddings", upstream, {
      params: { input: ["a", "b"] },
    });
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}

function embeddings(vectors: number[][], indexes = vectors.map((_, i) => i)) {
  return {
    object: "list",
    model: "m",
    data: vectors.map((embedding, i) => ({ object: "embedding", index: indexes[i], embedding })),
    usage: { prompt_tokens: 1, total_tokens: 1 },
  };
}
