/** Completions as one text and what came with it. */
import { assertEquals } from "@std/assert";
import { toChatAnswer } from "../../../shared/openrouter/chat.ts";
import type { Completion } from "../../../shared/openrouter/completions.ts";
import { completion, USAGE } from "../../support/upstream.ts";

Deno.test("returns the text with the filled additions and without the empty ones", () => {
  const message = { content: "Hi", tool_calls: [], images: [{ n: 1 }], reasoning: null };
  assertEquals(toChatAnswer(completion(message) as unknown as Completion), {
    id: "gen-1700000000-abc",
    model: "openai/gpt-4o-mini",
    text: "Hi",
    finish_reason: "stop",
    images: [{ n: 1 }],
    usage: USAGE,
  } as never);
});

Deno.test("returns the first choice that has output", () => {
  const { choices: [good], ...rest } = completion({ content: "Hi" }) as unknown as Completion;
  const empty = { index: 0, finish_reason: "stop", message: { role: "assistant", content: "" } };
  const missing = { index: 1, finish_reason: "error" };
  for (const choices of [[empty, good], [missing, good], [null, good]]) {
    assertEquals(toChatAnswer({ ...rest, choices } as never).text, "Hi");
  }
  assertEquals(toChatAnswer({ ...rest, choices: [empty] } as never).text, "");
});

Deno.test("writes the arguments of a tool call as JSON text when a server sent an object", () => {
  const tool_calls = [
    { id: "a", type: "function", function: { name: "f", arguments: { x: 1 } } },
    { id: "b", type: "custom" },
  ];
  const answer = toChatAnswer(completion({ tool_calls }) as unknown as Completion);
  assertEquals(answer.tool_calls!.map((call) => call.function?.arguments), ['{"x":1}', undefined]);
});

Deno.test("leaves out what has not the documented type", () => {
  const odd = completion(
    {
      content: 5,
      refusal: [false],
      reasoning: {},
      tool_calls: "none",
      images: {},
      audio: { id: 1 },
    },
    { id: null, model: 5, finish_reason: {}, usage: { prompt_tokens: "7", cost: {}, extra: 1 } },
  );
  assertEquals(toChatAnswer(odd as unknown as Completion), {
    id: "",
    model: "",
    text: "",
    finish_reason: null,
    audio: { id: 1 },
    usage: { prompt_tokens: 7, completion_tokens: 0, total_tokens: 0, extra: 1 },
  } as never);
  for (const usage of [null, 5, "none"]) {
    assertEquals(toChatAnswer(completion({}, { usage }) as unknown as Completion).usage, undefined);
  }
});
