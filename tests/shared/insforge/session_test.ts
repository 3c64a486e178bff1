import { assertEquals } from "@std/assert";
import { fetchPublishedKeys, getUserId } from "../../../shared/insforge/session.ts";
import { TOKEN, USER_ID } from "../../support/caller.ts";
import { assertFailure, createInsForge, type Received, settingsOf } from "../fake_insforge.ts";

Deno.test("getUserId sends the token and returns the id of its user", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { user: { id: USER_ID, email: "a@example.com" } });
  assertEquals(await getUserId(TOKEN, settingsOf(insforge)), USER_ID);
  const [{ line, headers }] = insforge.requests as [Received];
  assertEquals(line, "GET /api/auth/sessions/current");
  assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
});

for (const status of [401, 403]) {
  Deno.test(`getUserId returns nothing when InsForge responds ${status}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(status, {
      error: "AUTH_UNAUTHORIZED",
      message: "Invalid token",
      statusCode: status,
    });
    assertEquals(await getUserId(TOKEN, settingsOf(insforge)), undefined);
  });
}

Deno.test("getUserId sends a failed request a second time, and no third time", async () => {
  await using insforge = createInsForge();
  insforge.reply(503, "upstream connect error");
  insforge.reply(200, { user: { id: USER_ID } });
  assertEquals(await getUserId(TOKEN, settingsOf(insforge)), USER_ID);
  insforge.replyAlways(503, "upstream connect error");
  await assertFailure(getUserId(TOKEN, settingsOf(insforge)), 502, "UPSTREAM_FAILURE");
  assertEquals(insforge.requests.length, 4);
});

Deno.test("fetchPublishedKeys returns the RSA keys that have an id", async () => {
  await using insforge = createInsForge();
  const key = { kty: "RSA", kid: "kid_1", n: "AQAB", e: "AQAB" };
  insforge.reply(200, { keys: [key, { kty: "EC", kid: "kid_2" }, { kty: "RSA" }, null] });
  assertEquals(await fetchPublishedKeys(settingsOf(insforge)), [key]);
  assertEquals(insforge.requests[0]!.line, "GET /api/.well-known/jwks.json");
});

for (const [status, body] of [[404, { error: "NOT_FOUND" }], [200, {}], [200, "<html>"]] as const) {
  Deno.test(`fetchPublishedKeys throws 502 when InsForge responds ${status} ${JSON.stringify(body)}`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(status, body);
    await assertFailure(fetchPublishedKeys(settingsOf(insforge)), 502, "UPSTREAM_FAILURE");
  });
}
