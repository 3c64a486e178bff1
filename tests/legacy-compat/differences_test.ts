/**
 * Differences from the old proxy that no recording shows; docs/migrating-from-insforge-ai.md lists
 * them.
 */
import { assertEquals } from "@std/assert";
import handler from "../../functions/legacy-compat/index.ts";
import { createEnvironment, send } from "../support/caller.ts";
import { createUpstream } from "../support/upstream.ts";

const CHAT = { path: "/api/ai/chat/completion" };
const MESSAGES = [{ role: "user", content: "Hello" }];

for (const stream of [false, true]) {
  Deno.test(`returns 400 for an empty model, and sends nothing, with stream ${stream}`, async () => {
    await using upstream = await createUpstream();
    const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
    const request = { model: "", messages: MESSAGES, stream };
    const { status, body } = await send(handler, environment, request, CHAT);
    assertEquals([status, body.error], [400, "AI_INVALID_MODEL"]);
    assertEquals(upstream.requests.length, 0);
  });
}

for (const text of ["null", "false", "0", '""']) {
  Deno.test(`reports no body when OpenRouter responds 400 with ${text}`, async () => {
    await using upstream = await createUpstream();
    const headers = { "Content-Type": "application/json" };
    upstream.reply({ status: 400, headers, text });
    const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
    const { status, body } = await send(
      handler,
      environment,
      { model: "m", messages: MESSAGES },
      CHAT,
    );
    assertEquals([status, body.message], [400, "400 status code (no body)"]);
  });
}

for (const path of ["/api/ai/overview", "/api/ai/config", "/api/ai/openrouter/api-key"]) {
  Deno.test(`GET ${path} returns 404`, async () => {
    const { status, body } = await send(handler, createEnvironment(), undefined, {
      method: "GET",
      path,
    });
    assertEquals([status, body.error], [404, "NOT_FOUND"]);
  });
}
