import { assertEquals, assertMatch } from "@std/assert";
import { seal } from "../../../shared/user_keys/sealing.ts";
import { createSettings } from "../../../shared/settings.ts";
import { openUserKey, readUserKey, sealUserKey } from "../../../shared/user_keys/user_key.ts";
import { assertFailure } from "../fake_insforge.ts";

const KEY = "sk-or-v1-0123456789abcdef";

function withKeys(KEYS_ENCRYPTION_KEY: string) {
  return createSettings({
    get: (name) => name === "KEYS_ENCRYPTION_KEY" ? KEYS_ENCRYPTION_KEY : undefined,
  });
}

Deno.test("a user's key opens for that user", async () => {
  const settings = withKeys("a1".repeat(32));
  const sealed = await sealUserKey(KEY, "alice", settings);
  assertEquals(await openUserKey(sealed, "alice", settings), KEY);
  assertEquals(await readUserKey(sealed, "alice", settings), { text: KEY, retired: false });
});

Deno.test("a key that cannot be decrypted is a 403 that says what to do", async () => {
  const settings = withKeys("a1".repeat(32));
  const sealed = await sealUserKey(KEY, "alice", settings);
  const foreign = await seal(KEY, { purpose: "another", userId: "alice" }, settings);
  const cases = [
    [sealed, "bob", settings],
    [sealed, "alice", withKeys("b2".repeat(32))],
    [foreign, "alice", settings],
    [KEY, "alice", settings],
    ["", "alice", settings],
  ] as const;
  for (const [text, userId, settings] of cases) {
    const attempt = openUserKey(text, userId, settings);
    const { nextActions, message } = await assertFailure(attempt, 403, "AI_INVALID_API_KEY");
    assertMatch(nextActions!, /[Cc]onnect .* again/);
    assertEquals(message.includes(KEY), false);
  }
  assertEquals(await readUserKey(sealed, "bob", settings), undefined);
});
