import { assertEquals } from "@std/assert";
import { callRoutine, readAdminData } from "../../../shared/insforge/admin.ts";
import { adminDb } from "../../../shared/insforge/client.ts";
import { createSettings, type Settings } from "../../../shared/settings.ts";
import { API_KEY, createEnvironment } from "../../support/caller.ts";
import { assertFailure, createInsForge, type Received, settingsOf } from "../fake_insforge.ts";

function adminSettingsOf({ url }: { url: string }): Settings {
  return createSettings(createEnvironment({ INSFORGE_BASE_URL: url, API_KEY }));
}

Deno.test("callRoutine posts the arguments with the API key and returns the result", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, { reservation: "r1" });
  const result = await callRoutine("ai_reserve", { user_id: "u" }, adminSettingsOf(insforge));
  assertEquals(result, { reservation: "r1" });
  const [{ line, headers, text }] = insforge.requests as [Received];
  assertEquals(line, "POST /api/database/rpc/ai_reserve");
  assertEquals(headers.get("authorization"), `Bearer ${API_KEY}`);
  assertEquals(JSON.parse(text), { user_id: "u" });
});

Deno.test("callRoutine throws 500 and names the setting when API_KEY is missing", async () => {
  await using insforge = createInsForge();
  const result = callRoutine("ai_reserve", {}, settingsOf(insforge));
  const { message } = await assertFailure(result, 500, "INTERNAL_ERROR");
  assertEquals(message.startsWith("The setting API_KEY is missing"), true);
  assertEquals(insforge.requests.length, 0);
});

for (
  const [status, body, ours, code] of [
    [404, { code: "PGRST202", message: "Could not find the function" }, 500, "INTERNAL_ERROR"],
    [401, { error: "AUTH_INVALID_API_KEY" }, 500, "INTERNAL_ERROR"],
    [403, { error: "FORBIDDEN" }, 500, "INTERNAL_ERROR"],
    [500, { code: "XX000", message: "internal error" }, 502, "UPSTREAM_FAILURE"],
    [502, "<html>Bad Gateway</html>", 502, "UPSTREAM_FAILURE"],
  ] as const
) {
  Deno.test(`callRoutine throws ${ours} when InsForge responds ${status} ${JSON.stringify(body)}`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(status, body);
    await assertFailure(callRoutine("ai_reserve", {}, adminSettingsOf(insforge)), ours, code);
  });
}

Deno.test("callRoutine throws 502 and names the routine when it returns something unexpected", async () => {
  await using insforge = createInsForge();
  insforge.replyAlways(200, ["a"]);
  const isText = (value: unknown): value is string => typeof value === "string";
  const result = callRoutine("ai_usage", {}, adminSettingsOf(insforge), { isResult: isText });
  const { message } = await assertFailure(result, 502, "UPSTREAM_FAILURE");
  assertEquals(message, "The database's routine ai_usage returned an unexpected value");
});

for (const body of [{}, "text", 5, true, [null], [5]]) {
  Deno.test(`readAdminData throws 502 when InsForge responds 200 with ${JSON.stringify(body)}`, async () => {
    await using insforge = createInsForge();
    insforge.replyAlways(200, body);
    const db = await adminDb(adminSettingsOf(insforge));
    const rows = readAdminData(db.from("ai_user_keys").select("*"), "table ai_user_keys");
    await assertFailure(rows, 502, "UPSTREAM_FAILURE");
  });
}
