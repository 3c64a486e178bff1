import { assertEquals, assertThrows } from "@std/assert";
import { responsesApi } from "../../../shared/assistants/apis.ts";
import { applyAssistant, toAssistedRequest } from "../../../shared/assistants/apply.ts";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import type { LogFields } from "../../../shared/http/call.ts";
import { createSettings } from "../../../shared/settings.ts";
import { setAssistants } from "../../support/assistants.ts";

setAssistants({
  plain: "Be brief.",
  full: `---
version: 3
model: openai/gpt-4o
temperature: 0.2
max_tokens: 500
tools: [{ type: "openrouter:datetime" }]
---
Be brief.`,
});

const SYSTEM = { role: "system", content: "Be brief." };
const messages = [{ role: "user", content: "Hi" }];

interface Probe {
  settings: ReturnType<typeof createSettings>;
  log: LogFields;
  assistant?: string;
  ownPrompts: boolean;
}

function createCall(values: Record<string, string> = {}): Probe {
  return { settings: createSettings({ get: (name) => values[name] }), log: {}, ownPrompts: false };
}

Deno.test("returns a request without an assistant as it is", () => {
  const fields = { messages, model: "m" };
  const call = createCall();
  assertEquals(applyAssistant(call, fields) === fields, true);
  assertEquals([call.assistant, call.log], [undefined, {}]);
});

Deno.test("adds the text, the model and the options of the assistant, and names it in the log", () => {
  const call = createCall();
  assertEquals(applyAssistant(call, { assistant: "full", messages }), {
    messages: [SYSTEM, ...messages],
    model: "openai/gpt-4o",
    temperature: 0.2,
    max_tokens: 500,
    tools: [{ type: "openrouter:datetime" }],
  });
  assertEquals(call.assistant, "full");
  assertEquals(call.log, { assistant: "full", assistant_version: 3 });
});

Deno.test("keeps what the request itself says", () => {
  const own = { temperature: 0, max_completion_tokens: 9, tools: [], models: ["a", "b"] };
  const sent = applyAssistant(createCall(), { assistant: "full", messages, ...own });
  assertEquals(sent, { messages: [SYSTEM, ...messages], ...own });
  const empty = { temperature: null, max_tokens: null, model: null };
  const { temperature, max_tokens, model } = applyAssistant(createCall(), {
    assistant: "full",
    messages,
    ...empty,
  });
  assertEquals([temperature, max_tokens, model], [0.2, 500, "openai/gpt-4o"]);
});

Deno.test("lowers the output limit of the file to MAX_OUTPUT_TOKENS", () => {
  const call = createCall({ MAX_OUTPUT_TOKENS: "100" });
  assertEquals(applyAssistant(call, { assistant: "full", messages }).max_tokens, 100);
});

Deno.test("uses the fields of the API in which the request came", () => {
  const fields: Fields = { model: "assistant/full", input: "Hi" };
  const sent = applyAssistant(createCall(), fields, responsesApi);
  const { instructions, max_output_tokens, model } = sent;
  assertEquals([instructions, max_output_tokens, model], ["Be brief.", 500, "openai/gpt-4o"]);
});

Deno.test("rejects variables without an assistant", () => {
  const error = assertThrows(() => applyAssistant(createCall(), { variables: {} }), ApiError);
  assertEquals([error.status, error.message], [400, '"variables" needs the field "assistant"']);
});

Deno.test("reports a model that is not allowed as the developer's mistake", () => {
  const call = createCall({ ALLOWED_MODELS: "google/*" });
  const error = assertThrows(() => applyAssistant(call, { assistant: "full", messages }), ApiError);
  assertEquals([error.status, error.message], [
    500,
    'The model of the assistant "full" must be one that ALLOWED_MODELS allows',
  ]);
});

Deno.test("with ASSISTANTS_ONLY an assistant opens the lock for what its file opens alone", () => {
  const fields = { assistant: "plain", messages: [{ role: "system", content: "x" }, ...messages] };
  const call = createCall({ ASSISTANTS_ONLY: "true" });
  assertThrows(() => applyAssistant(call, fields), ApiError, '"messages[0].role" must be "user"');
  assertEquals(call.assistant, undefined);
  const own = { ...call, ownPrompts: true };
  assertEquals(applyAssistant(own, fields).messages, [SYSTEM, ...fields.messages]);
});

Deno.test("checks what a caller sends before it applies the assistant", () => {
  const call = createCall({ ASSISTANTS_ONLY: "true" });
  assertThrows(() => toAssistedRequest(call, { messages }), ApiError, '"assistant" must name');
  const sent = toAssistedRequest(call, { assistant: "plain", messages });
  assertEquals(sent, { messages: [SYSTEM, ...messages] });
});
