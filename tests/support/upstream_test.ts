/** Tests of the scripted upstream: the tests that use it are only as strict as it is. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { chunk, completion, createUpstream, DONE, type Upstream } from "./upstream.ts";

Deno.test("records requests, and sends the planned replies in order", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() }, ({ body }) => ({ status: 429, json: { got: body.n } }));
  const first = await post(upstream, { n: 1 });
  assertEquals((await first.json()).choices[0].message.content, "Hello!");
  const second = await post(upstream, { n: 2 });
  assertEquals([second.status, await second.json()], [429, { got: 2 }]);
  const { method, path, headers, cancelled } = upstream.requests[0]!;
  assertEquals([method, path, headers.get("x-test")], ["POST", "/api/v1/chat/completions", "yes"]);
  assertEquals(await cancelled, false);
});

Deno.test("responds 599 to an unplanned request, and fails the test", async () => {
  const upstream = await createUpstream();
  const response = await post(upstream, {});
  await response.body?.cancel();
  assertEquals(response.status, 599);
  await assertRejects(() => dispose(upstream), Error, "unplanned requests");
});

Deno.test("fails the test when a planned reply was not fetched", async () => {
  const upstream = await createUpstream();
  upstream.reply({ json: {} });
  await assertRejects(() => dispose(upstream), Error, "planned replies that were not fetched");
});

Deno.test("a cut connection is an error for the reader, before and after the first byte", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [chunk({ content: "Once" })], end: "cut" }, { reset: true });
  const response = await post(upstream, {});
  await assertRejects(() => response.text());
  await assertRejects(() => post(upstream, {}));
});

Deno.test("a hanging stream ends when the client closes the connection, which is recorded", async () => {
  await using upstream = await createUpstream();
  const event = chunk({ content: "Once" });
  upstream.reply({ sse: [event], end: "hang" });
  const reader = (await post(upstream, {})).body!.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), event);
  await reader.cancel();
  assertEquals(await upstream.requests[0]!.cancelled, true);
});

Deno.test("a chopped stream has the same text, with cuts inside events and characters", async () => {
  await using upstream = await createUpstream();
  const events = [chunk({ content: "Grüße 🌍🌍" }), DONE];
  upstream.reply({ sse: events, chop: 3 });
  const pieces = await Array.fromAsync((await post(upstream, {})).body!);
  const whole = await new Response(new Blob(pieces)).text();
  assertEquals(whole, events.join(""));
  assert(whole.endsWith(DONE));
  const alone = pieces.map((piece) => new TextDecoder().decode(piece)).join("");
  assert(alone.includes("\uFFFD"), "no character was cut");
});

function post({ url }: Upstream, body: unknown): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "x-test": "yes" },
    body: JSON.stringify(body),
  });
}

async function dispose(upstream: Upstream): Promise<void> {
  await upstream[Symbol.asyncDispose]();
}
