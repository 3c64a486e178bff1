import { assert, assertEquals, assertMatch } from "@std/assert";
import { createRequest, logs, OPAQUE_USER } from "../../support/caller.ts";
import {
  chunk,
  COMMENT,
  completion,
  createUpstream,
  DONE,
  streamOf,
  USAGE,
} from "../../support/upstream.ts";
import { environmentOf, handler, probe } from "./openrouter_probe.ts";

const PARAMS = { model: "a/b", messages: [], stream: "mine", deep: [{ "": null }] };

Deno.test("a completion is asked for with the key, JSON and nothing of the caller's", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  await probe("/completion", upstream, {
    params: PARAMS,
    headers: { Cookie: "x=1", "X-Any": "y" },
  });
  const [{ method, path, headers, body }] = upstream.requests;
  assertEquals([method, path], ["POST", "/api/v1/chat/completions"]);
  assertEquals(body, { ...PARAMS, user: OPAQUE_USER, stream: false });
  assertMatch(headers.get("authorization")!, /^Bearer sk-or-v1-/);
  assertEquals(headers.get("content-type"), "application/json");
  for (const name of ["http-referer", "x-title", "x-openrouter-title", "cookie", "x-any"]) {
    assertEquals(headers.get(name), null, name);
  }
});

Deno.test("the app is named to OpenRouter by whatever is set", async () => {
  await using upstream = await createUpstream();
  const values = { OPENROUTER_SITE_URL: "https://a.example", OPENROUTER_APP_NAME: "My app" };
  for (const path of ["/completion", "/stream"] as const) {
    upstream.reply(path === "/stream" ? { sse: streamOf("x") } : { json: completion() });
    await probe(path, upstream, { values });
    const { headers } = upstream.requests.at(-1)!;
    assertEquals(
      ["http-referer", "x-openrouter-title", "x-title"].map((name) => headers.get(name)),
      ["https://a.example", "My app", "My app"],
    );
  }
});

Deno.test("a stream, embeddings and images have their own paths and flags", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("x") });
  await probe("/stream", upstream, { params: PARAMS });
  upstream.reply({ json: embeddings([[1]]) });
  await probe("/embeddings", upstream, { params: { input: ["x"], encoding_format: "base64" } });
  upstream.reply({ json: { created: 1, data: [{ b64_json: "AA" }] } });
  await probe("/images", upstream, { params: { prompt: "x" } });
  const stream_options = { include_usage: true };
  assertEquals(upstream.requests.map(({ path, body }) => [path, body]), [
    ["/api/v1/chat/completions", { ...PARAMS, user: OPAQUE_USER, stream: true, stream_options }],
    ["/api/v1/embeddings", {
      model: "a/b",
      input: ["x"],
      encoding_format: "float",
      user: OPAQUE_USER,
    }],
    ["/api/v1/images", { model: "a/b", prompt: "x" }],
  ]);
});

Deno.test("a completion comes back whole, its additions included, and is logged", async () => {
  await using upstream = await createUpstream();
  const whole = completion({ annotations: [{ type: "file" }] }, {
    openrouter_metadata: { a: [1] },
  });
  upstream.reply({ json: whole, headers: { "x-generation-id": "gen-header" } });
  const { status, body, headers } = await probe("/completion", upstream);
  assertEquals([status, body], [200, whole]);
  assertEquals(headers.get("x-generation-id"), "gen-header");
  const { model, generation_id, prompt_tokens, completion_tokens, cost } = logs.at(-1)!;
  assertEquals([model, generation_id], ["openai/gpt-4o-mini", "gen-header"]);
  assertEquals([prompt_tokens, completion_tokens, cost], [10, 5, 0.0012]);
});

/** Messages without text that are answers all the same. */
const ANSWERS: [message: Record<string, unknown>, finishReason: string | null][] = [
  [{ content: null, tool_calls: [{ id: "1" }] }, "tool_calls"],
  [{ content: "", tool_calls: [{ id: "1" }] }, null],
  [{ content: null, refusal: "No" }, "content_filter"],
  [{ content: "", reasoning: "hm" }, "stop"],
  // OpenAI's first form of tools, which gateways that pass its answers on still know.
  [{ content: null, function_call: { name: "f", arguments: "{}" } }, "function_call"],
  [{ content: "", images: [{ image_url: { url: "data:," } }] }, "stop"],
  [{ content: null, audio: { data: "AA" } }, "stop"],
  [{ content: "" }, "length"],
  [{ content: null }, "content_filter"],
];

for (const [message, finishReason] of ANSWERS) {
  Deno.test(`${JSON.stringify(message)} that ends with ${finishReason} is an answer`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion(message, { finish_reason: finishReason }) });
    assertEquals((await probe("/completion", upstream)).status, 200);
  });
}

/** Bodies with status 200 that hold no completion, and are not asked for again. */
const UNUSABLE: Record<string, unknown> = {
  "HTML": "<html><h1>Service unavailable</h1></html>",
  "nothing": "",
  "blanks": "  \n ",
  "null": "null",
  "a list": "[]",
  "text": '"hello"',
  "an empty object": "{}",
  "no choices": '{"choices":[]}',
  "null for choices": '{"choices":null}',
  "an object for choices": '{"choices":{}}',
  "a choice without a message": '{"choices":[{"finish_reason":"stop"}]}',
  "null for a choice": '{"choices":[null]}',
};

for (const [kind, text] of Object.entries(UNUSABLE)) {
  Deno.test(`a completion that is ${kind} is a 502, and nothing of it is shown`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ text: String(text), headers: { "content-type": "application/json" } });
    const answer = await probe("/completion", upstream);
    assertEquals([answer.status, answer.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
    assert(!answer.text.includes("html"), answer.text);
  });
}

Deno.test("blanks before the JSON, sent to keep the connection alive, do no harm", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ text: `\n\n   \n${JSON.stringify(completion())}` });
  assertEquals((await probe("/completion", upstream)).status, 200);
});

Deno.test("without a key nothing is sent, and the setting is named", async () => {
  await using upstream = await createUpstream();
  for (const path of ["/completion", "/stream", "/embeddings", "/images"] as const) {
    const params = { input: ["x"] };
    const { status, body } = await probe(path, upstream, {
      params,
      values: { OPENROUTER_API_KEY: "" },
    });
    assertEquals([status, body.error], [500, "AI_INVALID_API_KEY"]);
    assertMatch(body.message, /OPENROUTER_API_KEY/);
  }
});

Deno.test("a redirect is not followed: the key would go with it", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 302, headers: { location: upstream.url } });
  const { status, body } = await probe("/completion", upstream);
  assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("embeddings come in the order of their inputs", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: embeddings([[1, 2], [3, 4], [5, 6]], [2, 0, 1]) });
  const { body } = await probe("/embeddings", upstream, { params: { input: ["a", "b", "c"] } });
  const vectors = body.data.map(({ embedding }: { embedding: number[] }) => embedding);
  assertEquals(vectors, [[3, 4], [5, 6], [1, 2]]);
});

Deno.test("embeddings without an index are in order already", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [{ embedding: [1] }, { embedding: [2] }] } });
  const { body } = await probe("/embeddings", upstream, { params: { input: ["a", "b"] } });
  assertEquals(body.data, [{ embedding: [1] }, { embedding: [2] }]);
});

/** Answers to two inputs that are not two vectors of numbers. */
const NO_VECTORS: unknown[] = [
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
  Deno.test(`${JSON.stringify(json)} is no answer to two texts to embed`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const { status, body } = await probe("/embeddings", upstream, {
      params: { input: ["a", "b"] },
    });
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}

for (const json of [{}, { data: null }, { data: [] }, { data: [{}] }, { data: [null] }]) {
  Deno.test(`${JSON.stringify(json)} is no answer to an image's prompt`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const { status, body } = await probe("/images", upstream, { params: { prompt: "x" } });
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  });
}

Deno.test("the generation id of a stream is in the answer, by header or by chunk", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("x") });
  const byChunk = await probe("/stream", upstream);
  assertEquals(byChunk.headers.get("x-generation-id"), "gen-1700000000-abc");
  const nameless = [chunk({}, { id: undefined, choices: [], debug: {} }), ...streamOf("x")];
  upstream.reply({ sse: nameless, headers: { "x-generation-id": "gen-header" } });
  const byHeader = await probe("/stream", upstream);
  assertEquals(byHeader.headers.get("x-generation-id"), "gen-header");
});

Deno.test("a stream's one log line is written at its end, with usage and outcome", async () => {
  await using upstream = await createUpstream();
  const failed = chunk({}, { error: { code: 502, message: "m" } }, "error");
  const rows: [events: string[], outcome: string, cost: unknown][] = [
    [streamOf("x"), "complete", USAGE.cost],
    [[chunk({ content: "x" }), chunk({}, {}, "stop"), DONE], "complete", undefined],
    [[chunk({ content: "x" }, { usage: USAGE }), failed], "AI_UPSTREAM_UNAVAILABLE", USAGE.cost],
    [[chunk({ content: "x" })], "AI_UPSTREAM_UNAVAILABLE", undefined],
  ];
  for (const [sse, outcome, cost] of rows) {
    upstream.reply({ sse });
    const before = logs.length;
    await probe("/stream", upstream);
    assertEquals(logs.length, before + 1);
    assertEquals(logs[before].stream, outcome);
    assertEquals([logs[before].status, logs[before].cost], [200, cost]);
  }
});

Deno.test("leaving a stream cancels the upstream call and writes the log line once", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [COMMENT, chunk({ content: "x" }, { usage: USAGE })], end: "hang" });
  const request = createRequest({}, { path: "/stream" });
  const response = await handler(request, environmentOf(upstream));
  const before = logs.length;
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(await upstream.requests[0].cancelled, true);
  assertEquals(logs.length, before + 1);
  assertEquals([logs[before].stream, logs[before].cost], ["cancelled", USAGE.cost]);
});

Deno.test("a plain answer to a streamed request is judged like any other", async () => {
  await using upstream = await createUpstream();
  const rows: [json: unknown, status: number, code: string][] = [
    [{ error: { code: 402, message: "m" } }, 402, "BILLING_INSUFFICIENT_BALANCE"],
    [{ error: { code: 403, message: "m", metadata: { reasons: ["x"] } } }, 403, "FORBIDDEN"],
    [completion(), 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["text", 502, "AI_UPSTREAM_UNAVAILABLE"],
  ];
  for (const [json, status, code] of rows) {
    upstream.reply({ json });
    const answer = await probe("/stream", upstream);
    assertEquals([answer.status, answer.body.error], [status, code], JSON.stringify(json));
  }
});

function embeddings(vectors: number[][], indexes = vectors.map((_, i) => i)) {
  return {
    object: "list",
    model: "m",
    data: vectors.map((embedding, i) => ({ object: "embedding", index: indexes[i], embedding })),
    usage: { prompt_tokens: 1, total_tokens: 1 },
  };
}
