/** The AI client of a handler. What each request becomes at OpenRouter is what is looked at. */
import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { type Ai, createAi } from "../../../shared/openrouter/ai.ts";
import { send, USER_ID } from "../../support/caller.ts";
import {
  completion,
  createUpstream,
  DONE,
  streamOf,
  type Upstream,
} from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

let run: (ai: Ai) => Promise<unknown>;
const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  call.userId = USER_ID;
  const result = await run(createAi(call));
  return result instanceof Response ? result : Response.json(result);
});

function call(upstream: Upstream, task: typeof run) {
  run = task;
  return send(handler, environmentOf(upstream), {}, { path: "/probe" });
}

Deno.test("complete sends instructions and prompt as messages, with the defaults", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const { body } = await call(
    upstream,
    (ai) => ai.complete({ system: "Be brief.", prompt: "Hi", temperature: 0 }),
  );
  assertEquals([body.text, body.finish_reason], ["Hello!", "stop"]);
  const { user: _, ...sent } = upstream.requests[0]!.body;
  assertEquals(sent, {
    model: "openai/gpt-4o-mini",
    temperature: 0,
    messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }],
    max_tokens: 4096,
    stream: false,
  });
});

Deno.test("complete leaves a conversation and a field named system unchanged", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const messages = [{ role: "user", content: "Hi" }];
  await call(upstream, (ai) => ai.complete({ messages, system: "mine" }));
  const { body } = upstream.requests[0]!;
  assertEquals([body.messages, body.system], [messages, "mine"]);
});

Deno.test("completeAll returns one answer per chat", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() }, { json: completion() });
  const { body } = await call(
    upstream,
    (ai) => ai.completeAll([{ prompt: "a" }, { prompt: "b" }], { concurrency: 1 }),
  );
  assertEquals(body.map(({ text }: { text: string }) => text), ["Hello!", "Hello!"]);
  const prompts = upstream.requests.map(({ body }) => body.messages[0].content);
  assertEquals(prompts, ["a", "b"]);
});

Deno.test("stream returns OpenRouter's events after the given first one", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("Hi") });
  const { text, headers } = await call(
    upstream,
    (ai) => ai.stream({ prompt: "a" }, { first: { about: 1 } }),
  );
  assertEquals(text, `data: {"about":1}\n\n${streamOf("Hi").join("")}`);
  assertEquals(headers.get("content-type"), "text/event-stream");
  assert(text.endsWith(DONE));
});

Deno.test("embed sends long lists in batches and returns all vectors in order", async () => {
  await using upstream = await createUpstream();
  const vectors = (count: number, value: number) => ({
    model: "m",
    data: Array.from({ length: count }, (_, index) => ({ index, embedding: [value] })),
    usage: { prompt_tokens: count, total_tokens: count },
  });
  upstream.reply(({ body }) => ({ json: vectors(body.input.length, body.input.length) }));
  upstream.reply(({ body }) => ({ json: vectors(body.input.length, body.input.length) }));
  const { body } = await call(upstream, (ai) => ai.embed({ input: Array(130).fill("x") }));
  assertEquals([body.data.length, body.data[99].embedding, body.data[129].index], [
    130,
    [100],
    129,
  ]);
  assertEquals(body.usage.prompt_tokens, 130);
  assertEquals(upstream.requests[0]!.body.model, "openai/text-embedding-3-small");
});

Deno.test("images uses the image API with the default model", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { created: 1, data: [{ b64_json: "AA" }] } });
  const { body } = await call(upstream, (ai) => ai.images({ prompt: "a boat", size: "1024x1024" }));
  assertEquals(body.data, [{ b64_json: "AA" }]);
  const [{ path, body: sent }] = upstream.requests as [typeof upstream.requests[number]];
  assertEquals([path, sent.model], ["/api/v1/images", "google/gemini-2.5-flash-image"]);
});
