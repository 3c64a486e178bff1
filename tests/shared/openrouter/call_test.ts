/** Calls that are believed by their status; those that are judged are in `openrouter_test.ts`. */
import { assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { getJson, postStream, requestUnjudged } from "../../../shared/openrouter/call.ts";
import { API_KEY, createEnvironment, logs, send, USER_ID } from "../../support/caller.ts";
import { completion, createUpstream } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";

const { app, handler } = createApp("probe");
app.post("/unjudged", async (c) => {
  c.env.userId = USER_ID;
  return c.json(await requestUnjudged(c.env, "/chat/completions", { model: "m" }) as object);
});
app.post("/trusting", async (c) => {
  c.env.userId = USER_ID;
  const params = { model: "m", max_tokens: 50 };
  return c.body(await postStream(c.env, "/chat/completions", params, { trusting: true }));
});
app.get("/list", async (c) => c.json(await getJson<object>(c.env, "/models", () => {})));

Deno.test("an error inside a 200 is tried three times, then the reader's to find, and logged", async () => {
  await using upstream = await createUpstream();
  const json = { error: { code: 503, message: "busy" } };
  const reply = { json, headers: { "retry-after-ms": "1" } };
  upstream.reply(reply, reply, reply);
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const { status, body } = await send(handler, environment, {}, { path: "/unjudged" });
  assertEquals([status, body], [200, json]);
  assertEquals(logs.at(-1)!.failure, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("a stream that is none, and believed, is charged as the answer it may be", async () => {
  await using upstream = await createUpstream();
  await using ledger = createInsForge();
  ledger.reply(200, { reservation: "r1", usd_per_token: 0.001, key: null, unreconciled: [] });
  ledger.reply(204, null);
  upstream.reply({ json: completion() });
  const environment = createEnvironment({
    OPENROUTER_BASE_URL: upstream.url,
    INSFORGE_BASE_URL: ledger.url,
    API_KEY,
  });
  await send(handler, environment, {}, { path: "/trusting" });
  const [charge] = JSON.parse(ledger.requests[1].text).charges;
  assertEquals([charge.completion_tokens, charge.final], [50, false]);
});

Deno.test("a failure by status is one, whoever reads", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 402, json: { error: { code: 402, message: "Insufficient credits" } } });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const { status } = await send(handler, environment, {}, { path: "/unjudged" });
  assertEquals(status, 402);
});

Deno.test("what is fetched needs no caller and costs nothing", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [] } });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const { body } = await send(handler, environment, undefined, { method: "GET", path: "/list" });
  assertEquals(body, { data: [] });
  assertEquals([upstream.requests[0].method, upstream.requests[0].body], ["GET", undefined]);
  assertEquals(logs.at(-1)!.cost, undefined);
});
