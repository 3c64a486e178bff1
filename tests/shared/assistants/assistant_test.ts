import { assertEquals, assertThrows } from "@std/assert";
import {
  findAssistant,
  listAssistants,
  readAssistant,
  toAssistantModel,
} from "../../../shared/assistants/assistant.ts";
import { setAssistants } from "../../support/assistants.ts";

const [support] = setAssistants({ support: "Be brief.", chef: "You cook." });

Deno.test("finds an assistant by its name, and never a property of every object", () => {
  assertEquals(listAssistants().map(({ name }) => name), ["support", "chef"]);
  assertEquals(findAssistant("support"), support);
  for (const name of ["constructor", "__proto__", "Support", ""]) {
    assertEquals(findAssistant(name), undefined);
  }
});

Deno.test("reads the assistant from the field and from the model", () => {
  const rest = { messages: [] };
  assertEquals(readAssistant({ assistant: "support", ...rest }), { assistant: support, rest });
  const model = toAssistantModel({ name: "support" });
  assertEquals(model, "assistant/support");
  assertEquals(readAssistant({ model, ...rest }), { assistant: support, rest });
  // The field counts, so that a caller may still choose a model where that is open.
  const named = { assistant: "support", model: "openai/gpt-4o" };
  assertEquals(readAssistant(named), { assistant: support, rest: { model: "openai/gpt-4o" } });
});

Deno.test("returns no assistant for a request that does not name one", () => {
  for (const fields of [{}, { model: "openai/gpt-4o" }, { assistant: null }, { model: null }]) {
    assertEquals(readAssistant(fields).assistant, undefined);
  }
});

Deno.test("rejects an unknown assistant and does not list the known ones", () => {
  for (const [field, value] of [["assistant", "nobody"], ["model", "assistant/"]] as const) {
    const error = assertThrows(() => readAssistant({ [field]: value })) as Error;
    assertEquals(error.message, `"${field}" must name an assistant of this app`);
  }
});
