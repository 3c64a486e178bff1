import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { ChatAnswer } from "../../../shared/openrouter/chat.ts";
import { answerStream, requireText } from "../../../shared/openrouter/written_answer.ts";
import { sumTokenUsage } from "../../../shared/token_usage.ts";

const ANSWER: ChatAnswer = { id: "gen-1", model: "m", text: "", finish_reason: "stop" };

Deno.test("requireText returns the text, also of a cut answer", () => {
  assertEquals(requireText({ ...ANSWER, text: "Hello", finish_reason: "length" }), "Hello");
});

Deno.test("requireText says why there is no text", () => {
  const statusOf = (answer: Partial<ChatAnswer>) =>
    assertThrows(() => requireText({ ...ANSWER, ...answer }), ApiError).status;
  assertEquals(statusOf({ finish_reason: "length" }), 400);
  assertEquals(statusOf({ refusal: "No" }), 403);
  assertEquals(statusOf({ finish_reason: "content_filter" }), 403);
  assertEquals(statusOf({}), 502);
});

Deno.test("answerStream has the events of a model's stream", async () => {
  const usage = sumTokenUsage([]);
  const response = answerStream({ first: { a: 1, choices: [] }, text: "Nothing", usage });
  assertEquals(response.headers.get("Content-Type"), "text/event-stream");
  const chunk = {
    choices: [{ index: 0, delta: { content: "Nothing" }, finish_reason: "stop" }],
    usage,
  };
  assertEquals(
    await response.text(),
    `data: {"a":1,"choices":[]}\n\ndata: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`,
  );
});
