import { assertEquals } from "@std/assert";
import { getUserId } from "../../../shared/insforge/session.ts";
import { TOKEN, USER_ID } from "../../support/caller.ts";
import { assertFailure, createInsForge, settingsOf } from "../fake_insforge.ts";

Deno.test("getUserId asks as the owner of the token, and gives the id", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { user: { id: USER_ID, email: "a@example.com" } });
  assertEquals(await getUserId(TOKEN, settingsOf(insforge)), USER_ID);
  const [{ line, headers }] = insforge.requests;
  assertEquals(line, "GET /api/auth/sessions/current");
  assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
});

for (const status of [401, 403]) {
  Deno.test(`getUserId gives nothing for a token refused with ${status}`, async () => {
    await using insforge = createInsForge();
    insforge.reply(status, {
      error: "AUTH_UNAUTHORIZED",
      message: "Invalid token",
      statusCode: status,
    });
    assertEquals(await getUserId(TOKEN, settingsOf(insforge)), undefined);
  });
}

Deno.test("getUserId asks twice in all when InsForge fails", async () => {
  await using insforge = createInsForge();
  insforge.reply(503, "upstream connect error");
  insforge.reply(200, { user: { id: USER_ID } });
  assertEquals(await getUserId(TOKEN, settingsOf(insforge)), USER_ID);
  insforge.replyAlways(503, "upstream connect error");
  await assertFailure(getUserId(TOKEN, settingsOf(insforge)), 502, "UPSTREAM_FAILURE");
  assertEquals(insforge.requests.length, 4);
});
