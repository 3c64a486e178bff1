/** What only Pinata does. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import chat from "../../functions/chat/index.ts";
import imageGen from "../../functions/image-gen/index.ts";
import legacy from "../../functions/legacy-compat/index.ts";
import stream from "../../functions/stream/index.ts";
import v1 from "../../functions/v1/index.ts";
import type { EdgeFunction } from "../../shared/http/handler.ts";
import { createRouter } from "../../tools/functions.ts";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { ask, environmentOf, GATEWAYS } from "./simulated.ts";
import { serve } from "../local/openrouter_server.ts";
import { PROMPT, TOKEN } from "../support/caller.ts";

const messages = [{ role: "user" as const, content: PROMPT }];

Deno.test("pinata: rejects fields that only OpenRouter has with a 400 that names them", async () => {
  await using server = serve();
  const environment = environmentOf(server, "pinata");
  const rows: [handler: EdgeFunction, body: Record<string, unknown>, named: string][] = [
    [chat, { prompt: PROMPT, models: ["openai/gpt-4o"] }, '"models"'],
    [chat, { prompt: PROMPT, reasoning: { effort: "low" } }, '"reasoning"'],
    [stream, { prompt: PROMPT, provider: { sort: "price" } }, '"provider"'],
    [chat, { prompt: PROMPT, tools: [{ type: "openrouter:web_search" }] }, '"tools[0].type"'],
    [imageGen, { prompt: "a cat" }, '"modalities" "image"'],
  ];
  for (const [handler, body, named] of rows) {
    const answer = await ask(handler, environment, body);
    assertEquals([answer.status, answer.body.error], [400, "INVALID_INPUT"]);
    assert(answer.body.message.startsWith(named), answer.body.message);
  }
  const inV1 = { path: "/v1/chat/completions" };
  const { body } = await ask(v1, environment, { messages, plugins: [{ id: "web" }] }, inV1);
  assertEquals([body.error.param, body.error.metadata.error_code], ["plugins", "INVALID_INPUT"]);
  assertEquals(server.requests.length, 0);
});

Deno.test("pinata: sends max_completion_tokens to a model that only knows this name", async () => {
  await using server = serve();
  const environment = environmentOf(server, "pinata");
  const model = "openai/gpt-5-mini";
  await ask(chat, environment, { prompt: PROMPT, model, max_tokens: 99 });
  const path = "/legacy-compat/ai/chat/completion";
  await ask(legacy, environment, { model, messages, maxTokens: 99 }, { path });
  const limits = server.requests.map(({ forwarded }) => [
    forwarded?.max_tokens,
    forwarded?.max_completion_tokens,
  ]);
  assertEquals(limits, [[undefined, 99], [undefined, 99]]);
});

for (const microcredits of ["beside", "inside"] as const) {
  Deno.test(`pinata: passes the balance on when it is ${microcredits} the error`, async () => {
    await using server = serve();
    const simulate: Simulation = { credits: 0.00001, microcredits };
    const environment = environmentOf(server, "pinata");
    for (const handler of [chat, stream]) {
      const { status, body } = await ask(handler, environment, { prompt: PROMPT, simulate });
      assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
      assertMatch(body.message, /; 10 microcredits are available$/);
    }
  });
}

Deno.test("pinata: an unknown model is a 400", async () => {
  await using server = serve();
  const model = "anthropic/claude-sonnet-4.6";
  const { status, body } = await ask(chat, environmentOf(server, "pinata"), {
    prompt: PROMPT,
    model,
  });
  assertEquals([status, body.error], [400, "AI_INVALID_MODEL"]);
  assertStringIncludes(body.message, model);
});

Deno.test("pinata: the OpenAI SDK works with v1", async () => {
  await using server = serve();
  const route = createRouter(new Map([["v1", v1]]), environmentOf(server, "pinata"));
  await using functions = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => route(request),
  );
  const client = new OpenAI({
    apiKey: TOKEN,
    baseURL: `http://127.0.0.1:${functions.addr.port}/v1`,
    maxRetries: 0,
  });
  const { model } = GATEWAYS.pinata;
  const whole = await client.chat.completions.create({ model, messages });
  assertEquals([whole.model, whole.choices[0]!.finish_reason], [model, "stop"]);
  const chunks = await Array.fromAsync(
    await client.chat.completions.create({ model, messages, stream: true }),
  );
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
  assertEquals(text, whole.choices[0]!.message.content);
  assertEquals(chunks.at(-1)!.usage?.total_tokens, whole.usage!.total_tokens);
  const models = await Array.fromAsync(client.models.list());
  assert(models.some(({ id }) => id === model));
});
