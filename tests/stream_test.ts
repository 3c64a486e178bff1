import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import handler from "../functions/stream/index.ts";
import {
  assertNothingSecret,
  createEnvironment,
  createRequest,
  logs,
  OPAQUE_USER,
  PROMPT,
  send,
} from "./support/caller.ts";
import { chunk, COMMENT, createUpstream, DONE, streamOf, USAGE } from "./support/upstream.ts";

Deno.test("POST /stream passes OpenRouter's bytes on unchanged", async () => {
  await using upstream = await createUpstream();
  const events = streamOf("Grüße", " 🌍", "!");
  for (const chop of [undefined, 7]) {
    upstream.reply({ sse: events, chop });
    const answer = await send(handler, environmentOf(upstream), { prompt: PROMPT });
    assertEquals(answer.text, events.join(""));
    assertEquals(answer.status, 200);
    assertEquals(answer.headers.get("content-type"), "text/event-stream");
    assertEquals(answer.headers.get("x-accel-buffering"), "no");
    assertEquals(answer.headers.get("x-generation-id"), "gen-1700000000-abc");
    assertEquals(answer.headers.get("access-control-allow-origin"), "*");
  }
});

Deno.test("POST /stream requests a stream from OpenRouter, with an output limit", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("hi") });
  await send(handler, environmentOf(upstream), {
    prompt: PROMPT,
    temperature: 0.3,
    provider: { sort: "price" },
  });
  assertEquals(upstream.requests[0]!.body, {
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content: PROMPT }],
    max_tokens: 4096,
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.3,
    provider: { sort: "price" },
    user: OPAQUE_USER,
  });
});

Deno.test("POST /stream delivers tokens as they arrive", async () => {
  await using upstream = await createUpstream();
  const first = [COMMENT, chunk({ content: "first" })].join("");
  upstream.reply({ sse: [first], end: "hang" });
  const abort = new AbortController();
  const response = await handler(
    createRequest({ prompt: PROMPT }, { signal: abort.signal }),
    environmentOf(upstream),
  );
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), first);
  await reader.cancel();
  assertEquals(await upstream.requests[0]!.cancelled, true);
  assertEquals(logs.at(-1)!.stream, "cancelled");
});

Deno.test("POST /stream logs model, tokens and cost after the stream has ended", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("hi") });
  await send(handler, environmentOf(upstream), { prompt: PROMPT });
  const { slug, status, model, prompt_tokens, completion_tokens, cost, stream } = logs.at(-1)!;
  assertEquals(
    { slug, status, model, prompt_tokens, completion_tokens, cost, stream },
    {
      slug: "stream",
      status: 200,
      model: "openai/gpt-4o-mini",
      prompt_tokens: USAGE.prompt_tokens,
      completion_tokens: USAGE.completion_tokens,
      cost: USAGE.cost,
      stream: "complete",
    },
  );
});

Deno.test("POST /stream ends a cut stream with an error event and no [DONE]", async () => {
  await using upstream = await createUpstream();
  const whole = [COMMENT, chunk({ content: "Once upon" })];
  for (const end of ["cut", "close"] as const) {
    upstream.reply({ sse: [...whole, 'data: {"id":"gen-1700'], end });
    const { text } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
    assertEquals(text.startsWith(whole.join("")), true);
    assertErrorEvent(text.slice(whole.join("").length), "AI_UPSTREAM_UNAVAILABLE");
  }
});

Deno.test("POST /stream replaces an error in mid-stream by its own error event", async () => {
  await using upstream = await createUpstream();
  const secret = { code: 429, message: "limit of key sk-or-v1-canary-0123456789abcdef" };
  upstream.reply({
    sse: [chunk({ content: "Once" }), chunk({}, { error: secret }, "error"), DONE],
  });
  const { text } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertErrorEvent(text.slice(chunk({ content: "Once" }).length), "RATE_LIMITED");
});

Deno.test("POST /stream returns a status for an error before the first token", async () => {
  await using upstream = await createUpstream();
  upstream.reply({
    sse: [COMMENT, chunk({}, { error: { code: 402, message: "Insufficient credits" } }, "error")],
  });
  const { status, body } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
});

Deno.test("POST /stream retries a failure before the first token", async () => {
  await using upstream = await createUpstream();
  const events = streamOf("third time lucky");
  upstream.reply(
    { status: 503, json: { error: { code: 503 } }, headers: { "retry-after-ms": "5" } },
    {
      sse: [chunk({}, { error: { code: 502, message: "down" } }, "error")],
      headers: { "retry-after-ms": "5" },
    },
    { sse: events },
  );
  const { text } = await send(handler, environmentOf(upstream), { prompt: PROMPT });
  assertEquals(text, events.join(""));
});

Deno.test("POST /stream rejects stream: false", async () => {
  const answer = await send(handler, createEnvironment(), { prompt: PROMPT, stream: false });
  assertEquals(answer.status, 400);
  assertMatch(answer.body.message, /^"stream" must be true/);
});

function environmentOf({ url }: { url: string }) {
  return createEnvironment({ OPENROUTER_BASE_URL: url });
}

function assertErrorEvent(text: string, code: string): void {
  assertNothingSecret(text);
  assertStringIncludes(text, `data: {"error":{"code":"${code}","message":"`);
  assertMatch(text, /^data: \{"error":\{[^\n]*\}\}\n\n$/);
}
