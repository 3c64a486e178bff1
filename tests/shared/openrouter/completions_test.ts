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

Deno.test("sends the key and JSON, and none of the caller's headers", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  await probe("/completion", upstream, {
    params: PARAMS,
    headers: { Cookie: "x=1", "X-Any": "y" },
  });
  const { method, path, headers, body } = upstream.requests[0]!;
  assertEquals([method, path], ["POST", "/api/v1/chat/completions"]);
  assertEquals(body, { ...PARAMS, user: OPAQUE_USER, stream: false });
  assertMatch(headers.get("authorization")!, /^Bearer sk-or-v1-/);
  assertEquals(headers.get("content-type"), "application/json");
  for (const name of ["http-referer", "x-title", "x-openrouter-title", "cookie", "x-any"]) {
    assertEquals(headers.get(name), null, name);
  }
});

Deno.test("names the app to OpenRouter with the headers that are set", async () => {
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

Deno.test("uses the path and the flags of each kind of request", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("x") });
  await probe("/stream", upstream, { params: PARAMS });
  upstream.reply({ json: { data: [{ index: 0, embedding: [1] }] } });
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

Deno.test("returns a completion with OpenRouter's additions, and logs its usage", async () => {
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

/** Messages without text that are successes all the same. */
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
  Deno.test(`accepts ${JSON.stringify(message)} that ends with ${finishReason}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion(message, { finish_reason: finishReason }) });
    assertEquals((await probe("/completion", upstream)).status, 200);
  });
}

/** Bodies with status 200 that hold no completion, and are not retried. */
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
  Deno.test(`returns 502 and nothing of the body for a completion that is ${kind}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ text: String(text), headers: { "content-type": "application/json" } });
    const answer = await probe("/completion", upstream);
    assertEquals([answer.status, answer.body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
    assert(!answer.text.includes("html"), answer.text);
  });
}

Deno.test("accepts white space before the JSON, which keeps the connection alive", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ text: `\n\n   \n${JSON.stringify(completion())}` });
  assertEquals((await probe("/completion", upstream)).status, 200);
});

Deno.test("sends nothing without a key and names the missing setting", async () => {
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

Deno.test("does not follow a redirect, because the key would be sent along", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 302, headers: { location: upstream.url } });
  const { status, body } = await probe("/completion", upstream);
  assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("returns a stream's generation id, from the header or from a chunk", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("x") });
  const byChunk = await probe("/stream", upstream);
  assertEquals(byChunk.headers.get("x-generation-id"), "gen-1700000000-abc");
  const nameless = [chunk({}, { id: undefined, choices: [], debug: {} }), ...streamOf("x")];
  upstream.reply({ sse: nameless, headers: { "x-generation-id": "gen-header" } });
  const byHeader = await probe("/stream", upstream);
  assertEquals(byHeader.headers.get("x-generation-id"), "gen-header");
});

Deno.test("writes one log line at a stream's end, with usage and outcome", async () => {
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
    assertEquals(logs[before]!.stream, outcome);
    assertEquals([logs[before]!.status, logs[before]!.cost], [200, cost]);
  }
});

Deno.test("cancels the upstream request and writes one log line when the caller closes the connection", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [COMMENT, chunk({ content: "x" }, { usage: USAGE })], end: "hang" });
  const request = createRequest({}, { path: "/stream" });
  const response = await handler(request, environmentOf(upstream));
  const before = logs.length;
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(await upstream.requests[0]!.cancelled, true);
  assertEquals(logs.length, before + 1);
  assertEquals([logs[before]!.stream, logs[before]!.cost], ["cancelled", USAGE.cost]);
});

Deno.test("rejects a JSON response to a streamed request that is not a completion", async () => {
  await using upstream = await createUpstream();
  const rows: [json: unknown, status: number, code: string][] = [
    [{ error: { code: 402, message: "m" } }, 402, "BILLING_INSUFFICIENT_BALANCE"],
    [{ error: { code: 403, message: "m", metadata: { reasons: ["x"] } } }, 403, "FORBIDDEN"],
    [{}, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["text", 502, "AI_UPSTREAM_UNAVAILABLE"],
  ];
  for (const [json, status, code] of rows) {
    upstream.reply({ json });
    const answer = await probe("/stream", upstream);
    assertEquals([answer.status, answer.body.error], [status, code], JSON.stringify(json));
  }
});

Deno.test("accepts a completion with one good choice, whatever its other choices are", async () => {
  await using upstream = await createUpstream();
  const [good] = completion().choices as object[];
  const empty = { index: 0, finish_reason: null, message: { role: "assistant", content: "" } };
  const failed = { index: 0, finish_reason: "error", error: { code: 502, message: "failed" } };
  for (const other of [empty, failed, { index: 0 }, null]) {
    const choices = [other, { ...good, index: 1 }];
    upstream.reply({ json: { ...completion(), choices } });
    const { status, body } = await probe("/completion", upstream, { params: { n: 2 } });
    assertEquals([status, body.choices], [200, choices]);
  }
  assertEquals(upstream.requests.length, 4);
});
