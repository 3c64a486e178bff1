import { assertEquals } from "@std/assert";
import {
  readEvents,
  toInputAttributes,
  toOutputMessages,
} from "../../../shared/openrouter/telemetry_content.ts";

Deno.test("writes messages with texts, tool calls and results, and no files", () => {
  const { "gen_ai.input.messages": json } = toInputAttributes({
    messages: [
      { role: "system", content: "Be brief" },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
        ],
      },
      {
        role: "assistant",
        content: null,
        tool_calls: [{
          id: "call-1",
          type: "function",
          function: { name: "look", arguments: "{}" },
        }],
      },
      { role: "tool", tool_call_id: "call-1", content: "A cat" },
    ],
  });
  assertEquals(JSON.parse(json!), [
    { role: "system", parts: [{ type: "text", content: "Be brief" }] },
    { role: "user", parts: [{ type: "text", content: "What is this?" }, { type: "image_url" }] },
    {
      role: "assistant",
      parts: [{ type: "tool_call", id: "call-1", name: "look", arguments: "{}" }],
    },
    {
      role: "tool",
      parts: [{ type: "tool_call_response", id: "call-1", response: "A cat" }],
    },
  ]);
});

Deno.test("writes the input and the instructions of OpenAI's Responses", () => {
  assertEquals(toInputAttributes({ input: "Hi", instructions: "Be brief" }), {
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief"}]',
  });
});

Deno.test("writes the answers of OpenAI's Responses and of Anthropic's Messages", () => {
  const text = { type: "text", content: "Hi" };
  const called = { type: "tool_call", id: "c", name: "look", arguments: "{}" };
  assertEquals(
    toOutputMessages({
      status: "completed",
      output: [
        { type: "message", content: [{ type: "output_text", text: "Hi" }] },
        { type: "function_call", call_id: "c", name: "look", arguments: "{}" },
      ],
    }),
    [{ role: "assistant", parts: [text, called], finish_reason: "completed" }],
  );
  assertEquals(
    toOutputMessages({
      stop_reason: "tool_use",
      content: [{ type: "text", text: "Hi" }, {
        type: "tool_use",
        id: "c",
        name: "look",
        input: "{}",
      }],
    }),
    [{ role: "assistant", parts: [text, called], finish_reason: "tool_use" }],
  );
});

Deno.test("reads the events of a stream, and skips comments and the end", () => {
  assertEquals(readEvents(': ping\n\ndata: {"a":1}\n\ndata: [DONE]\n\n'), [{ a: 1 }]);
});
