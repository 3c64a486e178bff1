import { assertEquals } from "@std/assert";
import { listParts } from "../../../shared/request/content_parts.ts";

const IMAGE = { type: "image_url", image_url: { url: "https://images.example/1.png" } };
const FILE = { type: "input_file", file_url: "https://files.example/1.pdf" };

Deno.test("lists parts in every place where an API takes them", () => {
  const parsed = { type: "file", file: { hash: "h", content: [IMAGE] } };
  for (
    const params of [
      { messages: [{ role: "user", content: [IMAGE] }] },
      { messages: [{ role: "assistant", content: "Here", images: [IMAGE] }] },
      { messages: [{ role: "assistant", content: "It says", annotations: [parsed] }] },
      { messages: [{ role: "user", content: "x" }, { role: "tool", content: [IMAGE] }] },
      { input: ["text", { content: [IMAGE] }] },
      { input: [{ type: "computer_call_output", output: IMAGE }] },
      { input_references: [IMAGE] },
    ]
  ) {
    assertEquals(listParts(params), [IMAGE], JSON.stringify(params));
  }
  const outputs = [{ type: "function_call_output", output: [FILE, IMAGE] }];
  assertEquals(listParts({ input: [...outputs, { output: "text" }] }), [FILE, IMAGE]);
});

Deno.test("lists the parts inside Anthropic's tool results and documents", () => {
  const result = { type: "tool_result", tool_use_id: "t1", content: [IMAGE] };
  const source = { type: "content", content: [IMAGE] };
  const document = { type: "document", source };
  const messages = [{ role: "user", content: [result, document] }];
  assertEquals(listParts({ messages }), [result, IMAGE, document, IMAGE]);
});

Deno.test("ignores values that are not parts", () => {
  for (const odd of [undefined, null, 5, "x", [null, 5, "x"], [{ annotations: [null, {}, 5] }]]) {
    assertEquals(listParts({ messages: odd, input: odd }), []);
  }
});
