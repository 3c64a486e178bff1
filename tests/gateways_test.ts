/** What every gateway has in common: responses, streams, retries and errors. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import chat from "../functions/chat/index.ts";
import embeddings from "../functions/embeddings/index.ts";
import imageGen from "../functions/image-gen/index.ts";
import legacy from "../functions/legacy-compat/index.ts";
import stream from "../functions/stream/index.ts";
import v1 from "../functions/v1/index.ts";
import type { EdgeFunction } from "../shared/http/handler.ts";
import { startStack } from "../tools/local/stack.ts";
import { startStandalone } from "../tools/start/standalone.ts";
import { ask, environmentOf, GATEWAYS, names } from "./gateways/simulated.ts";
import { serve } from "./local/openrouter_server.ts";
import { withShortWaits } from "./shared/openrouter/short_waits.ts";
import { createEnvironment, createRequest, logs, PROMPT, TOKEN } from "./support/caller.ts";
import { createUpstream } from "./support/upstream.ts";

const TITLES = { pinata: "Pinata", pinme: "PinMe" };
const messages = [{ role: "user" as const, content: PROMPT }];

for (const name of names) {
  const { model, haiku } = GATEWAYS[name];

  Deno.test(`${name}: answers with the default model, and does not send the app's name`, async () => {
    await using server = serve();
    const { status, body } = await ask(chat, environmentOf(server, name), { prompt: PROMPT });
    assertEquals([status, body.model, body.finish_reason], [200, model, "stop"]);
    assert(body.text.length > 20);
    const { headers, body: sent } = server.requests[0]!;
    assertEquals([sent.model, sent.max_tokens, sent.stream], [model, 4096, false]);
    for (const header of ["http-referer", "x-title", "x-openrouter-title"]) {
      assertEquals(headers.get(header), null);
    }
    assertEquals(headers.has("authorization"), name === "pinata");
    assertEquals(server.bill().generations, 1);
  });

  Deno.test(`${name}: streams to the end`, async () => {
    await using server = serve();
    const { text } = await ask(stream, environmentOf(server, name), { prompt: PROMPT });
    assertMatch(text, /"usage":\{"prompt_tokens":\d+/);
    assert(text.endsWith("data: [DONE]\n\n"));
    assertEquals([logs.at(-1)!.stream, logs.at(-1)!.model], ["complete", model]);
  });

  Deno.test(`${name}: ends a cut stream with an error event`, async () => {
    await using server = serve();
    const simulate = { fail: "cut", after: 2 };
    const { text } = await ask(stream, environmentOf(server, name), { prompt: PROMPT, simulate });
    assertMatch(
      text,
      /data: \{"error":\{"code":"AI_UPSTREAM_UNAVAILABLE","message":"[^"]+"\}\}\n\n$/,
    );
    assertEquals(text.includes("[DONE]"), false);
  });

  Deno.test(`${name}: aborts the request when the connection is closed`, async () => {
    await using server = serve();
    const body = { prompt: PROMPT, simulate: { fail: "stall", after: 1 } };
    const response = await stream(createRequest(body), environmentOf(server, name));
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    assertEquals(await server.requests[0]!.cancelled, true);
  });

  Deno.test(`${name}: retries temporary failures, and returns the last error`, async () => {
    await using server = serve();
    const environment = environmentOf(server, name);
    await withShortWaits(async () => {
      for (const handler of [chat, stream]) {
        const simulate = { status: 503, times: 2, key: handler === chat ? "chat" : "stream" };
        assertEquals((await ask(handler, environment, { prompt: PROMPT, simulate })).status, 200);
      }
      assertEquals(server.requests.length, 6);
      const simulate = { status: 429, retry_after: 1 };
      const { status, headers, body } = await ask(chat, environment, { prompt: PROMPT, simulate });
      assertEquals([status, body.error], [429, "RATE_LIMITED"]);
      assertEquals(headers.get("retry-after"), "1");
    });
  });

  Deno.test(`${name}: returns 504 when the response takes too long`, async () => {
    await using server = serve();
    const values = { REQUEST_DEADLINE_MS: "5000" };
    const body = { prompt: PROMPT, simulate: { delay_ms: 600_000 } };
    const answer = await withShortWaits(() => ask(chat, environmentOf(server, name, values), body));
    assertEquals([answer.status, answer.body.error], [504, "AI_UPSTREAM_UNAVAILABLE"]);
  });

  Deno.test(`${name}: returns an error when a 200 has an error inside`, async () => {
    await using server = serve();
    const body = { prompt: PROMPT, simulate: { fail: "body", code: 403 } };
    const answer = await ask(chat, environmentOf(server, name), body);
    assert(answer.status >= 400, answer.text);
  });

  Deno.test(`${name}: returns 402 when the first event of a stream says so`, async () => {
    await using server = serve();
    const body = { prompt: PROMPT, simulate: { fail: "event", after: 0, code: 402 } };
    const answer = await ask(stream, environmentOf(server, name), body);
    assertEquals([answer.status, answer.body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
    assertMatch(answer.body.nextActions, /"max_tokens", or ask the operator/);
  });

  Deno.test(`${name}: returns 502 when the gateway refuses the key, without the key`, async () => {
    await using server = serve();
    const setting = name === "pinata" ? "PINATA_LLM_KEY" : "PINME_API_KEY";
    const environment = environmentOf(server, name, { [setting]: "an-unknown-5a5b5c" });
    const { status, body, text } = await ask(chat, environment, { prompt: PROMPT });
    assertEquals([status, body.error], [502, "AI_INVALID_API_KEY"]);
    assertStringIncludes(body.message, `${TITLES[name]} refused this project's API key`);
    assertEquals(text.includes("5a5b5c"), false);
    assertEquals(server.requests.length, 1);
  });

  const lacking: [kind: string, handler: EdgeFunction, body: unknown, path: string][] = [
    ["/embeddings", embeddings, { input: "a" }, "/embeddings"],
    ["/embeddings", v1, { input: "a" }, "/v1/embeddings"],
    ["/images", imageGen, { prompt: "a cat", size: "1K" }, "/image-gen"],
    ["/images", v1, { prompt: "a cat" }, "/v1/images/generations"],
    ["/responses", v1, { input: "Hi" }, "/v1/responses"],
    ["/messages", v1, { messages: [{ role: "user", content: "Hi" }] }, "/v1/messages"],
    ["/embeddings", legacy, { model: "m", input: "a" }, "/legacy-compat/ai/embeddings"],
  ];
  for (const [operation, handler, body, path] of lacking) {
    Deno.test(`${name}: rejects ${path} with a 400 and sends nothing`, async () => {
      await using server = serve();
      const answer = await ask(handler, environmentOf(server, name), body, { path });
      assertEquals(answer.status, 400);
      const message = answer.body.message ?? answer.body.error.message;
      assertEquals(message, `"${operation}" is not available with ${TITLES[name]}`);
      assertEquals(server.requests.length, 0);
    });
  }

  Deno.test(`${name}: lists the models in v1, with prices per token`, async () => {
    await using server = serve();
    const options = { path: "/v1/models", method: "GET" };
    const { status, body } = await ask(v1, environmentOf(server, name), undefined, options);
    assertEquals(status, 200);
    const found = body.data.find(({ id }: { id: string }) => id === haiku);
    assertMatch(found.pricing.completion, /^0\.0*[1-9]\d*$/);
  });

  Deno.test(`${name}: legacy-compat answers, streams and lists models`, async () => {
    await using server = serve();
    const environment = environmentOf(server, name, {
      API_KEY: "ik_canary0123456789abcdef",
      LEGACY_ALLOW_API_KEY: "true",
    });
    const chatPath = { path: "/legacy-compat/ai/chat/completion" };
    const whole = await ask(legacy, environment, { model, messages }, chatPath);
    assertEquals(whole.status, 200, whole.text);
    assert(whole.body.text.length > 20);
    const request = { model, messages, stream: true };
    const { text } = await ask(legacy, environment, request, chatPath);
    assertMatch(text, /"done":true/);
    const { status, body } = await ask(legacy, environment, undefined, {
      path: "/legacy-compat/ai/models",
      method: "GET",
      token: "ik_canary0123456789abcdef",
    });
    assertEquals(status, 200);
    assert(body.some(({ id }: { id: string }) => id === haiku), JSON.stringify(body));
  });
}

Deno.test("removes the project's key from an error message, whatever it looks like", async () => {
  await using upstream = await createUpstream();
  const environment = createEnvironment({
    AI_GATEWAY: "pinata",
    PINATA_LLM_KEY: "5a5b5c5d",
    PINATA_BASE_URL: upstream.url,
  });
  const error = { message: "The key 5a5b5c5d is not allowed" };
  upstream.reply({ status: 400, json: { error } });
  const { body } = await ask(chat, environment, { prompt: PROMPT });
  assertEquals(body.message, "The key [removed] is not allowed");
});

Deno.test("returns a 500 that names the missing setting of a gateway", async () => {
  await using server = serve();
  for (
    const [name, setting] of [
      ["pinata", "PINATA_LLM_KEY"],
      ["pinme", "PINME_API_KEY"],
      ["pinme", "PINME_PROJECT_NAME"],
    ] as const
  ) {
    const environment = environmentOf(server, name, { [setting]: "" });
    const { status, body } = await ask(chat, environment, { prompt: PROMPT });
    assertEquals(status, 500);
    assertMatch(body.message, new RegExp(`^The setting ${setting} is missing`));
  }
  assertEquals(server.requests.length, 0);
});

for (const name of names) {
  Deno.test(`${name}: is simulated by the local stack when it has no key`, async () => {
    const anyPort = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
    const absent = { OPENROUTER_API_KEY: undefined, OPENROUTER_BASE_URL: undefined };
    const environment = createEnvironment({ ...anyPort, ...absent, AI_GATEWAY: name });
    await using stack = await startStack(environment);
    const response = await fetch(`${stack.functionsUrl}/chat`, {
      method: "POST",
      headers: { Authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ prompt: PROMPT }),
    });
    assertEquals([response.status, (await response.json()).model], [200, GATEWAYS[name].model]);
    assertMatch(stack.openrouter!.requests[0]!.path, name === "pinata" ? /^\/v0\/llm/ : /^\/pinme/);
  });
}

Deno.test("deno task start names what the chosen gateway needs", async () => {
  const environment = createEnvironment({
    AI_GATEWAY: "pinme",
    PINME_API_KEY: "pinme-x",
    PORT: "0",
  });
  const { message } = await assertRejects(() => startStandalone(environment));
  assertMatch(message, /^- PINME_PROJECT_NAME is missing: the project's name at PinMe$/m);
  assertEquals(/OPENROUTER|PINATA|PINME_API_KEY/.test(message), false, message);
  const wrong = createEnvironment({ AI_GATEWAY: "constructor", PORT: "0" });
  const refused = await assertRejects(() => startStandalone(wrong));
  assertMatch(refused.message, /AI_GATEWAY must be "openrouter" or "pinata" or "pinme"/);
});
