import { assertEquals } from "@std/assert";
import { readFinishReasons } from "../../../shared/openrouter/finish_reasons.ts";

const CASES: [string, Record<string, unknown>, string[]][] = [
  ["a completion", { choices: [{ finish_reason: "stop" }, { finish_reason: "length" }] }, [
    "stop",
    "length",
  ]],
  ["a chunk before the end", { choices: [{ delta: {}, finish_reason: null }] }, []],
  ["a response", { output: [], status: "completed" }, ["completed"]],
  [
    "a response that was cut",
    { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
    ["max_output_tokens"],
  ],
  ["the last event of a response", { response: { status: "completed" } }, ["completed"]],
  ["a message", { content: [], stop_reason: "end_turn" }, ["end_turn"]],
  ["the delta of a message", { delta: { stop_reason: "tool_use" } }, ["tool_use"]],
  ["embeddings", { data: [] }, []],
  ["reasons of another type", { choices: [{ finish_reason: 1 }, null] }, []],
];

for (const [name, value, reasons] of CASES) {
  Deno.test(`reads the finish reasons of ${name}`, () => {
    assertEquals(readFinishReasons(value), reasons);
  });
}
