/** Failures of OpenRouter on the deprecated routes, and closed connections. */
import { assert, assertEquals } from "@std/assert";
import handler from "../../functions/legacy-compat/index.ts";
import { createInsForge } from "../shared/fake_insforge.ts";
import {
  API_KEY,
  createEnvironment,
  createRequest,
  logs,
  PROMPT,
  send,
} from "../support/caller.ts";
import {
  chunk,
  completion,
  createUpstream,
  DONE,
  type Reply,
  streamOf,
  type Upstream,
} from "../support/upstream.ts";

const CHAT = { path: "/legacy-compat/ai/chat/completion" };
const IMAGE = { path: "/legacy-compat/ai/image/generation" };
const request = { model: "m", messages: [{ role: "user", content: PROMPT }] };

Deno.test("aborts the upstream call when the caller closes a stream", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [chunk({ content: "a" })], end: "hang" });
  const response = await handler(
    createRequest({ ...request, stream: true }, CHAT),
    environmentOf(upstream),
  );
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), 'data: {"chunk":"a"}\n\n');
  const waiting = reader.read();
  await reader.cancel();
  assertEquals(await waiting, { value: undefined, done: true });
  assertEquals(await upstream.requests[0]!.cancelled, true);
  assertEquals([logs.at(-1)!.status, logs.at(-1)!.stream], [200, "cancelled"]);
});

const BROKEN: Record<string, [Reply, string, string]> = {
  "an error in mid-stream": [
    { sse: [chunk({ content: "a" }), 'data: {"error":{"code":502,"message":"gone"}}\n\n', DONE] },
    "Failed to stream response: gone",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "a cut": [
    { sse: [chunk({ content: "a" })], end: "cut" },
    "Failed to stream response: The AI provider's stream ended before the response was complete",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "a stall": [
    { sse: [chunk({ content: "a" })], end: "hang" },
    "Failed to stream response: The AI provider's stream stalled before the response was complete",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
  "an error that quotes a key": [
    { sse: [chunk({ content: "a" }), 'data: {"error":{"message":"key sk-or-v1-abcdef"}}\n\n'] },
    "Failed to stream response: key [removed]",
    "AI_UPSTREAM_UNAVAILABLE",
  ],
};
for (const [kind, [reply, message, code]] of Object.entries(BROKEN)) {
  Deno.test(`${kind} ends a stream with one error event and no done`, async () => {
    await using upstream = await createUpstream();
    upstream.reply(reply);
    const values: Record<string, string> = reply.end === "hang"
      ? { STREAM_IDLE_WATCHDOG_MS: "1000" }
      : {};
    const environment = environmentOf(upstream, values);
    const { text } = await send(handler, environment, { ...request, stream: true }, CHAT);
    assertEquals(toEvents(text), [{ chunk: "a" }, { error: true, message }]);
    assertEquals([logs.at(-1)!.status, logs.at(-1)!.stream], [200, code]);
  });
}

Deno.test("retries a temporary error before the first chunk of a stream", async () => {
  await using upstream = await createUpstream();
  const error = { code: 429, message: "Slow down" };
  upstream.reply({ sse: [`data: ${JSON.stringify({ error })}\n\n`] }, { sse: streamOf("a") });
  const { text } = await send(handler, environmentOf(upstream), { ...request, stream: true }, CHAT);
  assertEquals(toEvents(text).map((event) => Object.keys(event)[0]), [
    "chunk",
    "tokenUsage",
    "done",
  ]);
});

Deno.test("sends a lasting error as the only event of a stream, with the gateway's message", async () => {
  await using upstream = await createUpstream();
  const event = 'data: {"error":{"code":429,"message":"Slow down"}}\n\n';
  upstream.reply({ sse: [event] }, { sse: [event] }, { sse: [event] });
  const { status, text } = await send(handler, environmentOf(upstream), {
    ...request,
    stream: true,
  }, CHAT);
  const message = "Failed to stream response: Slow down";
  assertEquals([status, toEvents(text)], [200, [{ error: true, message }]]);
  assertEquals([logs.at(-1)!.status, logs.at(-1)!.stream], [200, "RATE_LIMITED"]);
});

Deno.test("returns a status when a limit has no ledger, also for a streamed chat", async () => {
  await using insforge = createInsForge();
  await using upstream = await createUpstream();
  const values = { INSFORGE_BASE_URL: insforge.url, API_KEY, USER_TOKENS_PER_DAY: "5" };
  for (
    const [refused, code, expected] of [
      [404, "PGRST202", [500, "INTERNAL_ERROR"]],
      [500, "XX000", [502, "UPSTREAM_FAILURE"]],
    ] as [number, string, [number, string]][]
  ) {
    insforge.replyAlways(refused, { code, message: "m" });
    for (const stream of [false, true]) {
      const given = { ...request, stream };
      const { status, text } = await send(handler, environmentOf(upstream, values), given, CHAT);
      assertEquals([status, JSON.parse(text).error], expected);
    }
  }
  assertEquals(upstream.requests.length, 0);
});

Deno.test("retries a temporary error inside a 200", async () => {
  await using upstream = await createUpstream();
  const images = [{ type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }];
  upstream.reply(
    { json: { error: { code: 502, message: "gone" } } },
    { json: completion({ images, content: null }) },
  );
  const body = { model: "m", prompt: PROMPT };
  const answer = await send(handler, environmentOf(upstream), body, IMAGE);
  assertEquals(answer.body.images, [{ type: "imageUrl", imageUrl: images[0]!.image_url.url }]);
});

const EMBEDDINGS = { path: "/legacy-compat/ai/embeddings" };
const ODD: [{ path: string }, unknown, string][] = [
  [CHAT, null, "get response: the answer could not be read"],
  [CHAT, { choices: null }, "get response: the answer could not be read"],
  [CHAT, { choices: [{ message: { tool_calls: [{ type: "function" }] } }] }, "get response: "],
  [CHAT, { error: { code: 400, message: "No" } }, "get response: No"],
  [IMAGE, { choices: [{}] }, "generate image: the answer could not be read"],
  [EMBEDDINGS, { data: {} }, "generate embeddings: the answer could not be read"],
  [EMBEDDINGS, "data", "generate embeddings: the answer could not be read"],
];
for (const [route, json, message] of ODD) {
  Deno.test(`${JSON.stringify(json)} is an error of ${route.path}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json });
    const body = { ...request, prompt: PROMPT, input: PROMPT };
    const answer = await send(handler, environmentOf(upstream), body, route);
    assertEquals([answer.status, answer.body.error], [500, "AI_UPSTREAM_UNAVAILABLE"]);
    assert(answer.body.message.startsWith(`Failed to ${message}`), answer.body.message);
  });
}

Deno.test("reads JSON that is labelled as text, and a stream where none was requested", async () => {
  for (const text of [JSON.stringify(completion()), streamOf("Hello!").join("")]) {
    await using upstream = await createUpstream();
    upstream.reply({ text });
    const { status, body } = await send(handler, environmentOf(upstream), request, CHAT);
    assertEquals([status, body.text], [200, "Hello!"]);
  }
});

Deno.test("streams a JSON completion that comes where a stream was requested", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const { text } = await send(handler, environmentOf(upstream), { ...request, stream: true }, CHAT);
  const [first, ...more] = toEvents(text);
  assertEquals([first, more.at(-1)], [{ chunk: "Hello!" }, { done: true }]);
});

Deno.test("reads content in parts and tool arguments that are an object", async () => {
  await using upstream = await createUpstream();
  const content = [{ type: "thinking", thinking: [] }, { type: "text", text: "Hi" }];
  const call = {
    index: 0,
    id: "c",
    type: "function",
    function: { name: "f", arguments: { x: 1 } },
  };
  upstream.reply({ json: completion({ content, tool_calls: [call] }) });
  const { body } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals([body.text, body.tool_calls[0].function.arguments], ["Hi", '{"x":1}']);
  upstream.reply({ sse: [chunk({ content, tool_calls: [call] }), chunk({}, {}, "stop"), DONE] });
  const { text } = await send(handler, environmentOf(upstream), { ...request, stream: true }, CHAT);
  const [first, second] = toEvents(text);
  assertEquals(first, { chunk: "Hi" });
  assertEquals((second as { tool_calls: unknown[] }).tool_calls.length, 1);
});

Deno.test("reports a JSON error that comes where a stream was requested", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { error: { code: 400, message: "No" } } });
  const { text } = await send(handler, environmentOf(upstream), { ...request, stream: true }, CHAT);
  assertEquals(toEvents(text), [{ error: true, message: "Failed to stream response: No" }]);
});

Deno.test("logs a failure that the old contract hides", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { error: { code: 400, message: "No" } } });
  const body = { model: "m", prompt: PROMPT };
  const answer = await send(handler, environmentOf(upstream), body, IMAGE);
  assertEquals([answer.status, answer.body.images], [200, []]);
  assertEquals(logs.at(-1)!.failure, "INVALID_INPUT");
});

Deno.test("returns a key error for moderation, and logs the real code", async () => {
  await using upstream = await createUpstream();
  const error = { code: 403, message: "Flagged", metadata: { reasons: ["violence"] } };
  upstream.reply({ status: 403, json: { error } });
  const { status, body } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals([status, body.error], [401, "AI_INVALID_API_KEY"]);
  const { error: told, failure } = logs.at(-1)!;
  assertEquals([told, failure], ["AI_INVALID_API_KEY", "FORBIDDEN"]);
});

Deno.test("passes Retry-After on with a rate limit", async () => {
  await using upstream = await createUpstream();
  upstream.reply({
    status: 429,
    headers: { "Retry-After": "3600" },
    json: { error: { code: 429, message: "Slow down" } },
  });
  const { status, headers } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals([status, headers.get("Retry-After")], [429, "3600"]);
});

Deno.test("passes an upstream message on without credentials", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: { error: { message: "bad key sk-or-v1-0123456789" } } });
  const { body } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals(body.message, "400 bad key [removed]");
});

Deno.test("cuts an upstream message to 300 characters, by status and in a stream", async () => {
  await using upstream = await createUpstream();
  const error = { message: "long ".repeat(1_000) };
  upstream.reply(
    { status: 400, json: { error } },
    { sse: [chunk({ content: "a" }), `data: ${JSON.stringify({ error })}\n\n`] },
  );
  const { body } = await send(handler, environmentOf(upstream), request, CHAT);
  assertEquals(body.message, `400 ${"long ".repeat(1_000)}`.slice(0, 300));
  const streamed = { ...request, stream: true };
  const { text } = await send(handler, environmentOf(upstream), streamed, CHAT);
  const { message } = toEvents(text).at(-1)! as { message: string };
  assertEquals(message, `Failed to stream response: ${error.message}`.slice(0, 300));
});

function environmentOf(upstream: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ OPENROUTER_BASE_URL: upstream.url, ...values });
}

function toEvents(text: string): Record<string, unknown>[] {
  return text.split("\n\n").filter(Boolean).map((event) => JSON.parse(event.slice(6)));
}
