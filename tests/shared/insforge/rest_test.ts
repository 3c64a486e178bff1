import { assertEquals } from "@std/assert";
import { callInsForge } from "../../../shared/insforge/rest.ts";
import { assertFailure, createInsForge, type Received, settingsOf } from "../fake_insforge.ts";

const path = "/api/any";

Deno.test("callInsForge posts JSON with the token as bearer", async () => {
  await using insforge = createInsForge();
  insforge.reply(201, { ok: true });
  const request = { path, token: "t", body: { a: "Grüße" } };
  assertEquals(await callInsForge(settingsOf(insforge), request), {
    status: 201,
    body: { ok: true },
  });
  const [{ line, headers, text }] = insforge.requests as [Received];
  assertEquals([line, text], ["POST /api/any", '{"a":"Grüße"}']);
  assertEquals(headers.get("authorization"), "Bearer t");
  assertEquals(headers.get("content-type"), "application/json");
});

Deno.test("callInsForge fetches without credentials when there are none", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  await callInsForge(settingsOf(insforge), { path });
  const [{ line, headers }] = insforge.requests as [Received];
  assertEquals([line, headers.get("authorization")], ["GET /api/any", null]);
});

for (const [text, body] of [["", null], ["<html>", undefined], ["null", null]] as const) {
  Deno.test(`callInsForge returns ${body} for the body ${JSON.stringify(text)}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(200, text);
    assertEquals(await callInsForge(settingsOf(insforge), { path }), { status: 200, body });
  });
}

for (const status of [500, 502, 503, 504]) {
  Deno.test(`callInsForge repeats a GET once after ${status}, and never a POST`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(status, {});
    const settings = settingsOf(insforge);
    assertEquals((await callInsForge(settings, { path })).status, status);
    assertEquals(insforge.requests.length, 2);
    assertEquals((await callInsForge(settings, { path, body: {} })).status, status);
    assertEquals(insforge.requests.length, 3);
  });
}

Deno.test("callInsForge throws 502 when InsForge cannot be reached", async () => {
  const settings = settingsOf({ url: "http://127.0.0.1:9" });
  await assertFailure(callInsForge(settings, { path }), 502, "UPSTREAM_FAILURE");
  await assertFailure(callInsForge(settings, { path, body: {} }), 502, "UPSTREAM_FAILURE");
});

Deno.test("callInsForge throws 502 after its timeout, without a second request", async () => {
  await using insforge = createInsForge();
  insforge.hang();
  const request = { path, timeoutMs: 1_000 }; // long enough for a slow machine to connect
  await assertFailure(callInsForge(settingsOf(insforge), request), 502, "UPSTREAM_FAILURE");
  assertEquals(insforge.requests.length, 1);
});
