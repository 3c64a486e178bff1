import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { open, seal } from "../../../shared/user_keys/sealing.ts";
import { createSettings } from "../../../shared/settings.ts";
import { assertFailure } from "../fake_insforge.ts";

const OLD = "a1".repeat(32);
const NEW = "b2".repeat(32);
const TEXT = "sk-or-v1-secret, Grüße 🌍";
const FOR_ALICE = { purpose: "a test", userId: "alice" };

function withKeys(KEYS_ENCRYPTION_KEY?: string) {
  return createSettings({
    get: (name) => name === "KEYS_ENCRYPTION_KEY" ? KEYS_ENCRYPTION_KEY : undefined,
  });
}

Deno.test("seal encrypts to a text that opens again, fits into a URL and differs each time", async () => {
  const settings = withKeys(OLD);
  for (const text of [TEXT, "", "x".repeat(5_000)]) {
    const sealed = await seal(text, FOR_ALICE, settings);
    assertMatch(sealed, /^[\w.-]+$/);
    assertEquals(sealed.includes(text) && text !== "", false);
    assertEquals(await open(sealed, FOR_ALICE, settings), { text, retired: false });
    assertNotEquals(await seal(text, FOR_ALICE, settings), sealed);
  }
});

Deno.test("a sealed text opens for its purpose and its user only", async () => {
  const settings = withKeys(OLD);
  const sealed = await seal(TEXT, FOR_ALICE, settings);
  for (
    const other of [
      { purpose: "a test", userId: "bob" },
      { purpose: "a test" },
      { purpose: "another", userId: "alice" },
      { purpose: "a test\0alice" },
      { purpose: "a", userId: " test\0alice" },
    ]
  ) assertEquals(await open(sealed, other, settings), undefined, JSON.stringify(other));
});

Deno.test("a sealed text does not open when a character is changed or missing", async () => {
  const settings = withKeys(OLD);
  const sealed = await seal(TEXT, FOR_ALICE, settings);
  // Of any length, as base64 has spare bits after some: other characters for the same bytes.
  for (const text of ["", "a", "ab", "abc"]) {
    const sealed = await seal(text, FOR_ALICE, settings);
    for (let i = 0; i < sealed.length; i++) {
      for (const other of ["A", "B", "Q", "g", "w"].filter((other) => other !== sealed[i])) {
        const changed = sealed.slice(0, i) + other + sealed.slice(i + 1);
        assertEquals(await open(changed, FOR_ALICE, settings), undefined, `${other} at ${i}`);
      }
      assertEquals(await open(sealed.slice(0, i), FOR_ALICE, settings), undefined, `cut at ${i}`);
    }
  }
  for (const text of ["", ".", "null", "a1b2c3d4.", "a1b2c3d4.====", `${sealed}.x`, TEXT]) {
    assertEquals(await open(text, FOR_ALICE, settings), undefined, text);
  }
});

Deno.test("the first key seals, all keys open, and texts of later keys are reported as retired", async () => {
  const old = await seal(TEXT, FOR_ALICE, withKeys(OLD));
  const both = withKeys(`${NEW},${OLD}`);
  assertEquals(await open(old, FOR_ALICE, both), { text: TEXT, retired: true });
  const renewed = await seal(TEXT, FOR_ALICE, both);
  assertEquals(await open(renewed, FOR_ALICE, both), { text: TEXT, retired: false });
  assertEquals(await open(renewed, FOR_ALICE, withKeys(NEW)), { text: TEXT, retired: false });
  assertEquals(await open(old, FOR_ALICE, withKeys(NEW)), undefined);
  // So that rows can be counted by key before an old one is dropped.
  const [[oldId], [newId]] = [old.split("."), renewed.split(".")];
  assertEquals([oldId!.length, newId!.length, oldId === newId], [8, 8, false]);
});

Deno.test("seal and open throw 500 with the setting's name when KEYS_ENCRYPTION_KEY is missing", async () => {
  const sealed = await seal(TEXT, FOR_ALICE, withKeys(OLD));
  for (const attempt of [seal(TEXT, FOR_ALICE, withKeys()), open(sealed, FOR_ALICE, withKeys())]) {
    const { message } = await assertFailure(attempt, 500, "INTERNAL_ERROR");
    assertStringIncludes(message, "KEYS_ENCRYPTION_KEY");
  }
});
