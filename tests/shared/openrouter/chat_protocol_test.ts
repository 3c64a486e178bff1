// deno-lint-ignore-file no-explicit-any
/** How chunks and completions are read, and turned into each other. */
import { assertEquals } from "@std/assert";
import type { Fields } from "../../../shared/fields.ts";
import { chatProtocol, readChunk } from "../../../shared/openrouter/chat_protocol.ts";
import { completion, USAGE } from "../../support/upstream.ts";

/** One kind of output each. */
const OUTPUT: Record<string, unknown>[] = [
  { content: "a" },
  { content: [{ type: "text", text: "a" }] },
  { content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] },
  { reasoning: "a" },
  { reasoning_content: "a" },
  { reasoning_details: [{}] },
  { refusal: "a" },
  { tool_calls: [{}] },
  { function_call: { name: "f" } },
  { images: [{}] },
  { annotations: [{}] },
  { audio: { data: "AA" } },
];

for (const delta of OUTPUT) {
  Deno.test(`reads ${JSON.stringify(delta)} as output`, () => {
    assertEquals(readChunk({ choices: [{ delta }] }).hasOutput, true);
    assertEquals(readChunk({ choices: [{ message: delta }] }).hasOutput, true);
  });
}

Deno.test("reads empty fields as no output", () => {
  const delta = { content: "", audio: {}, tool_calls: [], refusal: null, reasoning: undefined };
  assertEquals(readChunk({ choices: [{ delta }] }).hasOutput, false);
  for (const choices of [undefined, null, 5, "x", {}, [null], [5], [{}], [{ delta: "text" }]]) {
    assertEquals(readChunk({ choices }).hasOutput, false, JSON.stringify(choices));
  }
});

Deno.test("reads a turn that a filter ended as output, so that it is not retried", () => {
  const choice = { index: 0, delta: {}, finish_reason: "content_filter" };
  assertEquals(readChunk({ choices: [choice] }).hasOutput, true);
});

Deno.test("reports a refusal that only native_finish_reason tells, before any output alone", () => {
  const refused = { finish_reason: "stop", native_finish_reason: "SAFETY", delta: {} };
  const end = { choices: [refused], usage: { completion_tokens: 1 } };
  const { read } = chatProtocol.createReader();
  assertEquals(
    read({ choices: [{ delta: { role: "assistant", content: "" } }] })?.hasOutput,
    false,
  );
  const verdict = read(end)!;
  const { error } = verdict.reports as { error: { code: number; metadata: Fields } };
  assertEquals([error.code, error.metadata.reasons], [403, ["safety"]]);
  assertEquals(verdict.usage, end.usage as unknown as typeof verdict.usage);

  const other = chatProtocol.createReader();
  other.read({ choices: [{ delta: { content: "Hel" } }] });
  assertEquals(other.read(end)!.reports, end);
});

Deno.test("counts output and a finish reason in any choice", () => {
  const choices = [{ delta: {} }, { delta: { content: "b" }, finish_reason: "stop" }];
  const { hasOutput, finished } = readChunk({ choices });
  assertEquals([hasOutput, finished], [true, true]);
});

Deno.test("splits a completion into a chunk with its message and one with its end and usage", () => {
  const tool_calls = [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }];
  const chunks = chatProtocol.toEvents(completion({ tool_calls }));
  assertEquals(chunks.length, 2);
  const [first, last] = chunks as [Record<string, any>, Record<string, any>];
  assertEquals(first.object, "chat.completion.chunk");
  assertEquals(first.choices[0].delta.tool_calls, [{ index: 0, ...tool_calls[0] }]);
  assertEquals([first.usage, last.usage], [undefined, USAGE]);
  assertEquals(last.choices[0].finish_reason, "stop");
});

Deno.test("makes no chunks of JSON that is neither a completion nor an error", () => {
  for (const json of [{}, { data: [] }, { choices: [] }]) {
    assertEquals(chatProtocol.toEvents(json), [], JSON.stringify(json));
  }
  assertEquals(chatProtocol.toEvents({ error: { message: "no" } }).length, 1);
});

Deno.test("puts chunks together: texts, tool calls by index, lists, the end and the usage", () => {
  const about = { id: "gen-1", model: "m" };
  const piece = (delta: object, rest: object = {}) => ({
    ...about,
    choices: [{ index: 0, delta, ...rest }],
  });
  const whole = chatProtocol.toResponse([
    piece({ role: "assistant", content: "" }),
    piece({ content: "Hel", reasoning: "h" }),
    piece({ content: "lo", reasoning: "m", images: [{ n: 1 }] }),
    piece({ tool_calls: [{ index: 1, id: "b", function: { name: "g", arguments: { x: 1 } } }] }),
    piece({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: '{"y"' } }] }),
    piece({ tool_calls: [{ index: 0, function: { arguments: ":2}" } }], images: [{ n: 2 }] }),
    piece({}, { finish_reason: "tool_calls" }),
    { ...about, choices: [], usage: USAGE },
  ]) as Record<string, any>;
  assertEquals(whole.id, "gen-1");
  assertEquals(whole.usage, USAGE);
  const [{ message, finish_reason }] = whole.choices;
  assertEquals([message.content, message.reasoning, finish_reason], ["Hello", "hm", "tool_calls"]);
  assertEquals(message.images, [{ n: 1 }, { n: 2 }]);
  assertEquals(
    message.tool_calls.map(({ id, function: { arguments: text } }: any) => [id, text]),
    [["b", '{"x":1}'], ["a", '{"y":2}']],
  );
});

Deno.test("returns undefined when no chunk belongs to a completion", () => {
  assertEquals(chatProtocol.toResponse([]), undefined);
  assertEquals(chatProtocol.toResponse([{ object: "debug" }]), undefined);
});

Deno.test("leaves out pieces of a message that have another form", () => {
  const toChunk = (delta: unknown) => ({ choices: [{ index: 0, delta }] }) as Fields;
  const call = { index: 0, id: "a", function: { name: "f", arguments: "{}" } };
  const whole = chatProtocol.toResponse([
    toChunk({ content: "Hi", tool_calls: "none" }),
    toChunk({ tool_calls: [null, 5, call] }),
    toChunk(null),
    toChunk(5),
  ]) as Record<string, any>;
  assertEquals(whole.choices[0].message, { role: "assistant", content: "Hi", tool_calls: [call] });
});
