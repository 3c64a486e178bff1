import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { toOpaqueUserId, withOpaqueUser } from "../../../shared/policy/end_user.ts";
import { createSettings } from "../../../shared/settings.ts";

const settings = settingsOf({ OPENROUTER_API_KEY: "sk-or-1" });
const userId = "3f0c1a9e-0000-4000-8000-000000000001";

Deno.test("a user has the same id in every request, and no other user has it", async () => {
  const id = await toOpaqueUserId(userId, settings);
  assertMatch(id, /^[0-9a-f]{32}$/);
  assertEquals(await toOpaqueUserId(userId, settingsOf({ OPENROUTER_API_KEY: "sk-or-1" })), id);
  assertNotEquals(await toOpaqueUserId(`${userId}0`, settings), id);
});

Deno.test("the id depends on the gateway's key, so that it cannot be found by trying user ids", async () => {
  const id = await toOpaqueUserId(userId, settings);
  assertNotEquals(await toOpaqueUserId(userId, settingsOf({ OPENROUTER_API_KEY: "sk-or-2" })), id);
  assertMatch(await toOpaqueUserId(userId, settingsOf({})), /^[0-9a-f]{32}$/);
});

Deno.test("thousands of users have different ids", async () => {
  const ids = new Set<string>();
  for (let i = 0; i < 2_500; i++) ids.add(await toOpaqueUserId(`user-${i}`, settings));
  assertEquals(ids.size, 2_500);
  assert(ids.has(await toOpaqueUserId("user-0", settings)));
});

Deno.test("replaces the caller's user, and adds it where the operation takes it", async () => {
  const user = await toOpaqueUserId(userId, settings);
  const fields = { model: "m", user: "another-user" };
  for (const path of ["/chat/completions", "/messages", "/responses", "/embeddings"]) {
    assertEquals(withOpaqueUser(path, fields, user), { ...fields, user });
    assertEquals(withOpaqueUser(path, { n: 1 }, user), { n: 1, user });
  }
  assertEquals(withOpaqueUser("/images", fields, user), { ...fields, user });
  const drawing = { model: "m", prompt: "x" };
  assert(withOpaqueUser("/images", drawing, user) === drawing);
  assertEquals(fields.user, "another-user");
  const recorded = { model: "m", user: undefined };
  assertEquals(withOpaqueUser("/chat/completions", recorded, user), recorded);
});

Deno.test("replaces the caller's metadata.user_id in a request for a message alone", async () => {
  const user = await toOpaqueUserId(userId, settings);
  const fields = { metadata: { user_id: "another-user", label: "x" } };
  assertEquals(withOpaqueUser("/messages", fields, user), {
    metadata: { user_id: user, label: "x" },
    user,
  });
  assertEquals(withOpaqueUser("/responses", fields, user), {
    ...fields,
    user,
  });
});

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
