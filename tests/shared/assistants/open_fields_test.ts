import { assertEquals, assertThrows } from "@std/assert";
import { messagesApi } from "../../../shared/assistants/apis.ts";
import { requireOnlyFields, requireOpenFields } from "../../../shared/assistants/open_fields.ts";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import { createSettings } from "../../../shared/settings.ts";
import { setAssistants } from "../../support/assistants.ts";

setAssistants({
  support: "Be brief.",
  open: "---\nallow: [temperature, model, images]\n---\nBe brief.",
});

const messages = [{ role: "user", content: "Hi" }];
const locked = createSettings({ get: (name) => name === "ASSISTANTS_ONLY" ? "true" : undefined });
const unlocked = createSettings({ get: () => undefined });

Deno.test("checks nothing without ASSISTANTS_ONLY", () => {
  const fields = { messages: [{ role: "system", content: "x" }], temperature: 1 };
  assertEquals(requireOpenFields(fields, unlocked) === fields, true);
  requireOnlyFields(fields, [], unlocked);
});

Deno.test("lets through an assistant, its variables, the user's messages and null", () => {
  for (const name of [{ assistant: "support" }, { model: "assistant/support" }]) {
    const fields = { ...name, variables: {}, stream: true, messages, temperature: null };
    assertEquals(requireOpenFields(fields, locked) === fields, true);
  }
});

Deno.test("lets through what the prompt file opens", () => {
  requireOpenFields({ assistant: "open", messages, temperature: 1, model: "m" }, locked);
  requireOnlyFields({ table: "t", temperature: null }, ["table"], locked);
});

const REJECTED: [fields: Fields, message: string][] = [
  [{ messages }, '"assistant" must name one of the assistants of this app'],
  [{ messages, model: "openai/gpt-4o" }, '"assistant" must name one of the assistants'],
  [{ assistant: "nobody", messages }, '"assistant" must name an assistant of this app'],
  [{ assistant: "support", messages, temperature: 1 }, '"temperature" must be left out'],
  [{ assistant: "support", messages, model: "assistant/open" }, '"model" must be left out'],
  [{ assistant: "open", messages, images: [] }, '"images" must be left out'],
  [JSON.parse('{"assistant":"support","messages":[],"__proto__":{"a":1}}'), '"__proto__" must be'],
];

for (const [fields, message] of REJECTED) {
  Deno.test(`rejects ${JSON.stringify(fields)} with ASSISTANTS_ONLY`, () => {
    const error = assertThrows(() => requireOpenFields(fields, locked), ApiError, message);
    assertEquals(error.status, 400);
  });
}

Deno.test("rejects instructions in the form of each API", () => {
  const rejects = (fields: Fields, message: string, api = messagesApi) =>
    assertThrows(
      () => requireOpenFields({ model: "assistant/open", ...fields }, locked, api),
      ApiError,
      message,
    );
  rejects({ messages, system: "x" }, '"system" must be left out');
  rejects({ messages, instructions: "x" }, '"instructions" must be left out');
});

Deno.test("rejects fields that a function does not read itself", () => {
  assertThrows(
    () => requireOnlyFields({ table: "t", model: "m" }, ["table"], locked),
    ApiError,
    '"model" must be left out; this app sets it',
  );
});
