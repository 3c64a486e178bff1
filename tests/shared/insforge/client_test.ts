import { assertEquals } from "@std/assert";
import {
  adminDb,
  createClient,
  requireInsForgeUrl,
  userDb,
} from "../../../shared/insforge/client.ts";
import { createSettings } from "../../../shared/settings.ts";
import { API_KEY, createEnvironment, TOKEN } from "../../support/caller.ts";
import { assertFailure, createInsForge, settingsOf } from "../fake_insforge.ts";

Deno.test("userDb sends the caller's token, and writes as well as reads", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [{ id: 1 }]);
  insforge.reply(201, [{ id: 2 }]);
  const db = await userDb({ token: TOKEN }, settingsOf(insforge));
  assertEquals((await db.from("notes").select("*")).data, [{ id: 1 }]);
  assertEquals((await db.from("notes").insert([{ id: 2 }]).select()).data, [{ id: 2 }]);
  const lines = insforge.requests.map(({ line }) => line);
  assertEquals(lines, ["GET /api/database/records/notes", "POST /api/database/records/notes"]);
  for (const { headers } of insforge.requests) {
    assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  }
});

Deno.test("adminDb sends the project's API key", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  const environment = createEnvironment({ INSFORGE_BASE_URL: insforge.url, API_KEY });
  const db = await adminDb(createSettings(environment));
  await db.from("ai_user_keys").select("*");
  assertEquals(insforge.requests[0]!.headers.get("authorization"), `Bearer ${API_KEY}`);
});

Deno.test("adminDb throws 500 when API_KEY is missing", async () => {
  const settings = settingsOf({ url: "http://127.0.0.1:9" });
  await assertFailure(adminDb(settings), 500, "INTERNAL_ERROR");
});

Deno.test("requireInsForgeUrl prefers the internal URL", () => {
  const settings = createSettings(createEnvironment({
    INSFORGE_BASE_URL: "https://public.example",
    INSFORGE_INTERNAL_URL: "http://insforge:7130",
  }));
  assertEquals(requireInsForgeUrl(settings), "http://insforge:7130");
});

Deno.test("createClient stops waiting for a body that does not end", async () => {
  await using insforge = createInsForge();
  insforge.replySlowly('[{"id":1}');
  const { database } = await createClient(settingsOf(insforge), { token: TOKEN, timeoutMs: 50 });
  const { data, error } = await database.from("notes").select("*");
  assertEquals([data, error !== null], [null, true]);
});
