/** What only PinMe does. */
import { assertEquals, assertMatch } from "@std/assert";
import chat from "../../functions/chat/index.ts";
import legacy from "../../functions/legacy-compat/index.ts";
import stream from "../../functions/stream/index.ts";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { ask, environmentOf } from "./simulated.ts";
import { serve } from "../local/openrouter_server.ts";
import { withShortWaits } from "../shared/openrouter/short_waits.ts";
import { createEnvironment, PROMPT } from "../support/caller.ts";
import { createUpstream } from "../support/upstream.ts";

const messages = [{ role: "user" as const, content: PROMPT }];

Deno.test("pinme: passes on OpenRouter's fields, and OpenRouter's errors", async () => {
  await using server = serve();
  const environment = environmentOf(server, "pinme");
  const fields = { models: ["openai/gpt-4o"], provider: { sort: "price" } };
  assertEquals((await ask(chat, environment, { prompt: PROMPT, ...fields })).status, 200);
  const { path, body: sent } = server.requests[0]!;
  assertEquals(path, "/pinme/api/v1/chat/completions?project_name=my+shop");
  assertEquals([sent.models, sent.provider], [fields.models, fields.provider]);
  const simulate: Simulation = { status: 403, metadata: { reasons: ["violence"] } };
  const moderated = await ask(chat, environment, { prompt: PROMPT, simulate });
  assertEquals([moderated.status, moderated.body.error], [403, "FORBIDDEN"]);
  assertMatch(moderated.body.message, /violence/);
});

const ENVELOPES: [envelope: Simulation["envelope"], status: number, code: string][] = [
  ["invalid_project", 502, "AI_INVALID_API_KEY"],
  ["not_configured", 502, "AI_INVALID_API_KEY"],
  ["no_balance", 402, "BILLING_INSUFFICIENT_BALANCE"],
  ["too_large", 413, "INVALID_INPUT"],
  ["build_failed", 502, "AI_UPSTREAM_UNAVAILABLE"],
  ["unavailable", 502, "AI_UPSTREAM_UNAVAILABLE"],
];
for (const [envelope, status, code] of ENVELOPES) {
  Deno.test(`pinme: its own "${envelope}" is ${status} ${code}`, async () => {
    await using server = serve();
    const environment = environmentOf(server, "pinme");
    for (const handler of [chat, stream]) {
      const body = { prompt: PROMPT, simulate: { envelope } };
      const answer = await withShortWaits(() => ask(handler, environment, body));
      assertEquals([answer.status, answer.body.error], [status, code]);
    }
  });
}

Deno.test("pinme: retries its own temporary failures", async () => {
  await using server = serve();
  const body = { prompt: PROMPT, simulate: { envelope: "unavailable", times: 2 } };
  const answer = await withShortWaits(() => ask(chat, environmentOf(server, "pinme"), body));
  assertEquals([answer.status, server.requests.length], [200, 3]);
});

Deno.test("pinme: reports an empty balance to callers of the deprecated routes, too", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 403, json: { code: 403, msg: "error", data: { error: "No balance" } } });
  const environment = createEnvironment({
    AI_GATEWAY: "pinme",
    PINME_API_KEY: "pinme-my shop",
    PINME_PROJECT_NAME: "my shop",
    PINME_BASE_URL: upstream.url.replace("/api/v1", ""),
  });
  const path = "/legacy-compat/ai/chat/completion";
  const { status, body } = await ask(legacy, environment, { model: "m", messages }, { path });
  assertEquals([status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
});

Deno.test("pinme: does not send a body above its megabyte", async () => {
  await using server = serve();
  const url = `data:image/png;base64,${"A".repeat(1_048_576)}`;
  const content = [{ type: "image_url", image_url: { url } }];
  const body = { messages: [{ role: "user", content }] };
  const answer = await ask(chat, environmentOf(server, "pinme"), body);
  assertEquals([answer.status, answer.body.error], [413, "INVALID_INPUT"]);
  assertMatch(answer.body.nextActions, /by URL/);
  assertEquals(server.requests.length, 0);
});
