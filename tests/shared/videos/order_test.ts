/** Orders that OpenRouter does not accept; accepted ones are in tests/video-gen_test.ts. */
import { assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createApp } from "../../../shared/http/app.ts";
import { orderVideo } from "../../../shared/videos/order.ts";
import { API_KEY, createEnvironment, send } from "../../support/caller.ts";
import { createUpstream, type Reply } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  const owner = await requireUser(call);
  const order = { owner, params: { model: "a/b", prompt: "p" }, request: {} };
  return Response.json(await orderVideo(call, order));
});

for (
  const [title, reply, status, code] of [
    ["a page", { text: "<html>" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    ["a job without an id", { json: { status: "pending" } }, 502, "AI_UPSTREAM_UNAVAILABLE"],
    [
      "an error inside a 200",
      { json: { error: { code: 402 } } },
      402,
      "BILLING_INSUFFICIENT_BALANCE",
    ],
    [
      "a 404 for the model",
      { status: 404, json: { error: { code: 404 } } },
      400,
      "AI_INVALID_MODEL",
    ],
  ] as [string, Reply, number, string][]
) {
  Deno.test(`orderVideo returns ${status} when OpenRouter responds with ${title}`, async () => {
    await using upstream = await createUpstream();
    await using insforge = createInsForge();
    insforge.replyAlways(200, []);
    upstream.reply(reply);
    const environment = createEnvironment({
      OPENROUTER_BASE_URL: upstream.url,
      INSFORGE_BASE_URL: insforge.url,
      API_KEY,
    });
    const { status: actual, body } = await send(handler, environment, {});
    assertEquals([actual, body.error], [status, code]);
  });
}

Deno.test("orderVideo returns 400 when the gateway has no videos", async () => {
  const environment = createEnvironment({ AI_GATEWAY: "pinata", PINATA_LLM_KEY: "k" });
  const { status, body } = await send(handler, environment, {});
  assertEquals([status, body.error], [400, "INVALID_INPUT"]);
});

Deno.test("orderVideo sends nothing when the table of videos is missing", async () => {
  await using upstream = await createUpstream();
  await using insforge = createInsForge();
  insforge.replyAlways(404, { code: "PGRST205", message: "m" });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: insforge.url,
    API_KEY,
  });
  const { status, body } = await send(handler, environment, {});
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertEquals(upstream.requests.length, 0);
});
