import { assertEquals } from "@std/assert";
import { chatApi, messagesApi, responsesApi } from "../../../shared/assistants/apis.ts";

const TOOL = {
  type: "function",
  function: { name: "f", description: "d", parameters: { type: "object", properties: {} } },
};
const SERVER_TOOL = { type: "openrouter:web_search" };

Deno.test("chat completions take instructions as the first system message", () => {
  const own = { role: "user", content: "Hi" };
  const first = { role: "system", content: "Be brief." };
  assertEquals(chatApi.withInstructions({ n: 1 }, "Be brief."), { n: 1, messages: [first] });
  assertEquals(chatApi.withInstructions({ messages: [own] }, "Be brief."), {
    messages: [first, own],
  });
  assertEquals([TOOL, SERVER_TOOL].map(chatApi.toTool), [TOOL, SERVER_TOOL]);
});

Deno.test("Responses take instructions before those of the request", () => {
  assertEquals(responsesApi.withInstructions({ input: "a" }, "x"), {
    input: "a",
    instructions: "x",
  });
  const both = responsesApi.withInstructions({ instructions: "y" }, "x");
  assertEquals(both, { instructions: "x\n\ny" });
  const { parameters } = TOOL.function;
  assertEquals([TOOL, SERVER_TOOL].map(responsesApi.toTool), [
    { type: "function", name: "f", description: "d", parameters },
    SERVER_TOOL,
  ]);
});

Deno.test("Messages take instructions before the system prompt of the request", () => {
  assertEquals(messagesApi.withInstructions({}, "x"), { system: "x" });
  assertEquals(messagesApi.withInstructions({ system: [] }, "x"), { system: "x" });
  const [x, y] = [{ type: "text", text: "x" }, { type: "text", text: "y" }];
  assertEquals(messagesApi.withInstructions({ system: "y" }, "x"), { system: [x, y] });
  assertEquals(messagesApi.withInstructions({ system: [y] }, "x"), { system: [x, y] });
  const { parameters } = TOOL.function;
  assertEquals([TOOL, SERVER_TOOL].map(messagesApi.toTool), [
    { name: "f", description: "d", input_schema: parameters },
    SERVER_TOOL,
  ]);
  assertEquals(messagesApi.toTool({ type: "function", function: { name: "f" } }), {
    name: "f",
    description: undefined,
    input_schema: { type: "object" },
  });
});
