import { assertEquals } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, OPAQUE_USER, send } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

Deno.test("POST /v1/embeddings returns floats, and requests floats from OpenRouter", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: vectors([0.5, -1], [2, 3]) });
  const request = {
    input: ["a", "b"],
    encoding_format: "float",
    user: "u",
    provider: { zdr: true },
  };
  const { status, body } = await embed(upstream, request);
  assertEquals([status, body], [200, vectors([0.5, -1], [2, 3])]);
  const model = "openai/text-embedding-3-small";
  assertEquals(upstream.requests[0]!.path, "/api/v1/embeddings");
  assertEquals(upstream.requests[0]!.body, { ...request, model, user: OPAQUE_USER });
});

Deno.test("POST /v1/embeddings returns base64 on request, made from floats", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: vectors([0.5, -1, 3.4e38]) });
  const request = { input: "a", model: "m", encoding_format: "base64" };
  const { body } = await embed(upstream, request);
  assertEquals(upstream.requests[0]!.body, {
    ...request,
    encoding_format: "float",
    user: OPAQUE_USER,
  });
  const bytes = Uint8Array.from(atob(body.data[0].embedding), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length, 12);
  assertEquals([0, 4, 8].map((at) => view.getFloat32(at, true)), [0.5, -1, Math.fround(3.4e38)]);
});

const INPUTS: [string, unknown, number][] = [
  ["one text", "a", 1],
  ["texts", ["a", "b"], 2],
  ["one text's tokens", [15339, 1917], 1],
  ["several texts' tokens", [[15339], [1917]], 2],
  ["parts of other kinds", [{ content: [{ type: "text", text: "a" }] }], 1],
];
for (const [kind, input, count] of INPUTS) {
  Deno.test(`POST /v1/embeddings passes ${kind} on, and requires as many vectors`, async () => {
    await using upstream = await createUpstream();
    const all = Array.from({ length: count }, () => [1, 2]);
    upstream.reply({ json: vectors(...all) }, { json: vectors(...all, [3, 4]) });
    assertEquals((await embed(upstream, { input })).status, 200);
    assertEquals(upstream.requests[0]!.body.input, input);
    assertEquals((await embed(upstream, { input })).status, 502);
  });
}

function embed({ url }: Upstream, request: unknown) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url });
  return send(handler, environment, request, { path: "/v1/embeddings" });
}

function vectors(...all: number[][]) {
  return {
    object: "list",
    model: "openai/text-embedding-3-small",
    data: all.map((embedding, index) => ({ object: "embedding", index, embedding })),
    usage: { prompt_tokens: 2, total_tokens: 2, cost: 0.00001 },
  };
}
