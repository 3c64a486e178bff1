/** One request to the gateway: what is sent, and what a missing response means. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { chooseGateway } from "../../../shared/gateway/gateway.ts";
import { ApiError } from "../../../shared/errors.ts";
import { mayBeBilled, readGenerationId, readText, send } from "../../../shared/openrouter/send.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const { signal } = new AbortController();

function request(upstream: { url: string }, options: { signal?: AbortSignal; key?: string } = {}) {
  const settings = createSettings(environmentOf(upstream));
  const gateway = chooseGateway(settings);
  const fields = { model: "a/b", messages: [{ role: "user", content: "x".repeat(2_000) }] };
  return send(gateway.request("/chat/completions", fields), { gateway, signal, ...options });
}

Deno.test("sends the body as JSON with its length, and reads the generation's id", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { ok: true }, headers: { "x-generation-id": "gen-1" } });
  const response = await request(upstream, { key: "sk-or-v1-own" });
  assertEquals(readGenerationId(response), "gen-1");
  assertEquals(await readText(response, signal), '{"ok":true}');
  const [{ headers }] = upstream.requests as [typeof upstream.requests[number]];
  assertEquals(headers.get("authorization"), "Bearer sk-or-v1-own");
  assertEquals(headers.get("content-type"), "application/json");
  assert(Number(headers.get("content-length")) > 2_000);
});

Deno.test("removes the key that was used from a failed response", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ status: 400, json: { error: { message: "bad key opensesame" } } });
  const error = await assertRejects(() => request(upstream, { key: "opensesame" }), ApiError);
  assertEquals([error.status, error.message], [400, "bad key [removed]"]);
});

Deno.test("sends one POST when a pooled connection closes after the request was received", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: {} }, { reset: true });
  await readText(await request(upstream), signal);
  const error = await assertRejects(() => request(upstream), ApiError);
  assertEquals([error.status, error.retryable, mayBeBilled(error)], [502, false, true]);
  assertEquals(upstream.requests.length, 2);
});

Deno.test("calls a request retryable that could not connect", async () => {
  const upstream = await createUpstream();
  await upstream[Symbol.asyncDispose]();
  const error = await assertRejects(() => request(upstream), ApiError);
  assertEquals([error.status, error.retryable, mayBeBilled(error)], [502, true, false]);
});

Deno.test("throws the reason of an aborted signal before anything is sent", async () => {
  const reason = new ApiError(499, "REQUEST_CANCELLED", "The caller closed the connection");
  const aborted = AbortSignal.abort(reason);
  const error = await request({ url: "http://127.0.0.1:9" }, { signal: aborted }).catch((e) => e);
  assertEquals([error, mayBeBilled(error)], [reason, false]);
});

Deno.test("counts a request that is aborted while it waits as one that may be billed", async () => {
  await using upstream = await createUpstream();
  const controller = new AbortController();
  upstream.reply(() => {
    controller.abort(new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "too long"));
    return { reset: true };
  });
  const error = await request(upstream, { signal: controller.signal }).catch((thrown) => thrown);
  assertEquals([error.status, mayBeBilled(error)], [504, true]);
});
