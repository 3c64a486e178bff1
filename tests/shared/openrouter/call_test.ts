/** The pipeline of a request: attempts, judgement and charge, seen from both sides. */
import { assert, assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { createApp } from "../../../shared/http/app.ts";
import { eventStream } from "../../../shared/http/event_stream.ts";
import { requestAllJson, requestJson, requestStream } from "../../../shared/openrouter/call.ts";
import { chatProtocol } from "../../../shared/openrouter/chat_protocol.ts";
import { API_KEY, createEnvironment, logs, send, USER_ID } from "../../support/caller.ts";
import {
  chunk,
  completion,
  createUpstream,
  DONE,
  type Reply,
  streamOf,
  USAGE,
} from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { withShortWaits } from "./short_waits.ts";

const PARAMS = {
  model: "m",
  messages: [{ role: "user", content: "x".repeat(2_000) }],
  max_tokens: 50,
};
const CHAT = { path: "/chat/completions", params: PARAMS, protocol: chatProtocol };

const { app, handler } = createApp("probe");
app.post("/json", async (c) => {
  c.env.userId = USER_ID;
  return c.json(
    await requestJson<object>(c.env, CHAT, (_, error) => {
      if (error) throw error;
    }),
  );
});
app.post("/unjudged", async (c) => {
  c.env.userId = USER_ID;
  return c.json(await requestJson<object>(c.env, CHAT, () => {}));
});
app.post("/stream", async (c) => {
  c.env.userId = USER_ID;
  return eventStream(c.env, await requestStream(c.env, CHAT));
});
app.post("/all", async (c) => {
  c.env.userId = USER_ID;
  const operations = Array(3).fill(CHAT);
  const judge = () => (_: object, error: ApiError | undefined) => {
    if (error) throw error;
  };
  return c.json(await requestAllJson<object>(c.env, operations, { concurrency: 3, judge }));
});
app.post("/nobody", async (c) => c.json(await requestJson<object>(c.env, CHAT, () => {})));

function call(path: string, upstream: { url: string }, values: Record<string, string> = {}) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url, ...values });
  return send(handler, environment, {}, { path });
}

/** A ledger that lets every call start, and the charges of the settlement. */
function createLedger() {
  const ledger = createInsForge();
  ledger.replyAlways(200, { decisions: [null], look_ups: [], prices_due: false });
  return Object.assign(ledger, {
    values: { INSFORGE_BASE_URL: ledger.url, API_KEY, USER_TOKENS_PER_DAY: "1000000" },
    charges: () => JSON.parse(ledger.requests[1]!.text).charges,
  });
}

Deno.test("the judge sees a reported error and may accept the response", async () => {
  await using upstream = await createUpstream();
  const json = { error: { code: 503, message: "busy" } };
  upstream.reply({ json });
  const { status, body } = await call("/unjudged", upstream);
  assertEquals([status, body], [200, json]);
});

Deno.test("retries a reported error that may pass, three attempts in all", async () => {
  await using upstream = await createUpstream();
  const reply = {
    json: { error: { code: 503, message: "busy" } },
    headers: { "retry-after-ms": "1" },
  };
  upstream.reply(reply, reply, reply);
  const { status } = await call("/json", upstream);
  assertEquals([status, upstream.requests.length], [502, 3]);
});

Deno.test("a failed status reaches the caller without a judgement", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 402, json: { error: { code: 402, message: "Insufficient credits" } } });
  assertEquals((await call("/unjudged", upstream)).status, 402);
});

Deno.test("charges the estimate once when the connection closes after the request was sent", async () => {
  await using upstream = await createUpstream();
  await using ledger = createLedger();
  upstream.reply({ reset: true });
  const { status } = await call("/json", upstream, ledger.values);
  assertEquals([status, upstream.requests.length], [502, 1]);
  assertEquals(ledger.charges().length, 1);
  assertEquals([ledger.charges()[0].completion_tokens, ledger.charges()[0].final], [50, false]);
});

Deno.test("charges nothing and retries when the gateway cannot be reached", async () => {
  const upstream = await createUpstream();
  await upstream[Symbol.asyncDispose]();
  await using ledger = createLedger();
  const { status } = await withShortWaits(() => call("/json", upstream, ledger.values));
  assertEquals([status, ledger.charges()], [502, []]);
});

Deno.test("charges a stream by its usage, and by what was seen of it when it is cut", async () => {
  for (
    const [events, end, expected] of [
      [streamOf("a", "b"), "close", [5, true]],
      [[chunk({ content: "a" }), chunk({ content: "b" })], "cut", [2, false]],
    ] as const
  ) {
    await using upstream = await createUpstream();
    await using ledger = createLedger();
    upstream.reply({ sse: [...events], end });
    await call("/stream", upstream, ledger.values);
    const [charge, ...more] = ledger.charges();
    assertEquals([[charge.completion_tokens, charge.final], more], [expected, []]);
  }
});

Deno.test("charges an empty finished turn once and does not retry it", async () => {
  await using upstream = await createUpstream();
  await using ledger = createLedger();
  upstream.reply({ json: completion({ content: "" }) });
  const { status } = await call("/json", upstream, ledger.values);
  assertEquals([status, ledger.charges().length], [200, 1]);
});

Deno.test("does not charge a stream whose first event is an error", async () => {
  await using upstream = await createUpstream();
  await using ledger = createLedger();
  upstream.reply({ sse: ['data: {"error":{"code":400,"message":"no"}}\n\n'] });
  const { status } = await call("/stream", upstream, ledger.values);
  assertEquals([status, ledger.charges()], [400, []]);
});

Deno.test("understands a stream where none was requested, and its CRLF", async () => {
  for (const label of ["text/plain", "application/json", "text/event-stream"]) {
    await using upstream = await createUpstream();
    const sse = streamOf("Hel", "lo").join("").replaceAll("\n", "\r\n");
    upstream.reply({ text: sse, headers: { "content-type": label } });
    const { status, body } = await call("/json", upstream);
    assertEquals([status, body.choices[0].message.content, body.usage], [200, "Hello", USAGE]);
    assertEquals(body.choices[0].finish_reason, "stop");
  }
});

Deno.test("reports an error inside a stream where none was requested", async () => {
  await using upstream = await createUpstream();
  const error = { code: 400, message: "bad schema" };
  upstream.reply({
    text: `${chunk({ content: "a" })}data: ${JSON.stringify({ error })}\n\n${DONE}`,
  });
  const { status, body } = await call("/json", upstream);
  assertEquals([status, body.message], [400, "bad schema"]);
});

Deno.test("delivers one JSON completion as a stream when a stream was requested", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const { status, text } = await call("/stream", upstream);
  assertEquals(status, 200);
  assert(text.includes('"delta":{"role":"assistant","content":"Hello!"'), text);
  assert(text.endsWith(DONE), text);
  assertEquals([logs.at(-1)!.stream, logs.at(-1)!.cost], ["complete", USAGE.cost]);
});

Deno.test("ends a stream that turns out empty after its first chunk with an error event", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [chunk({}), DONE] });
  const { status, text } = await call("/stream", upstream);
  assertEquals(status, 200);
  assert(text.includes('"error":{"code":"AI_UPSTREAM_UNAVAILABLE"'), text);
  assert(!text.includes("[DONE]"), text);
  assertEquals(logs.at(-1)!.stream, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("reports an empty response with status 204 to a streamed request as an error", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 204 });
  const { status, body } = await call("/stream", upstream);
  assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("ignores an id and a model that are not text", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { ...completion(), id: { a: 1 }, model: 5 } });
  const { status, headers } = await call("/json", upstream);
  assertEquals([status, headers.get("x-generation-id")], [200, null]);
  assertEquals([logs.at(-1)!.generation_id, logs.at(-1)!.model], [undefined, undefined]);
});

Deno.test("returns 500 and logs what to do when a paid call has no caller to charge", async () => {
  await using upstream = await createUpstream();
  const { status, body } = await call("/nobody", upstream);
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assert(!body.message.includes("requireUser"), body.message);
  assert(String(logs.at(-1)!.cause).includes("await requireUser"), String(logs.at(-1)!.cause));
});

Deno.test("returns one response per operation, in their order", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() }, { json: completion() }, { json: completion() });
  const { status, body } = await call("/all", upstream);
  assertEquals([status, body.length], [200, 3]);
});

Deno.test("aborts the operations in flight when one fails for good", async () => {
  await using upstream = await createUpstream();
  const headers = { "content-type": "application/json" };
  const hang: Reply = { sse: [" "], headers, end: "hang" };
  upstream.reply(hang, hang, { status: 400, json: { error: { code: 400, message: "no" } } });
  const { status, body } = await call("/all", upstream);
  assertEquals([status, body.message], [400, "no"]);
  const cancelled = await Promise.all(upstream.requests.map(({ cancelled }) => cancelled));
  assertEquals(cancelled.filter(Boolean).length, 2);
});
