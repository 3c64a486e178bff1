import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { parseValue } from "../../../shared/http/body.ts";
import { chatRequest, completionRequest, MAX_TOOLS } from "../../../shared/request/chat_schemas.ts";

const messages = [{ role: "user", content: "Hi" }];

function reject(value: unknown, schema: typeof chatRequest | typeof completionRequest): string {
  return assertThrows(() => parseValue<unknown>(value, schema), ApiError).message;
}

Deno.test("chatRequest takes either a prompt or messages", () => {
  const message = 'Either "prompt" or "messages" must be given, and not both';
  assertEquals(reject({}, chatRequest), message);
  assertEquals(reject({ prompt: "Hi", messages }, chatRequest), message);
});

Deno.test("completionRequest takes messages and no prompt", () => {
  assertEquals(reject({}, completionRequest), '"messages" is required');
  assertEquals(reject({ prompt: "Hi", messages }, completionRequest), '"prompt" must be left out');
});

Deno.test("both reject more tools than any model accepts", () => {
  const tools = Array.from({ length: MAX_TOOLS + 1 }, () => ({ type: "openrouter:web_search" }));
  for (const schema of [chatRequest, completionRequest]) {
    assertEquals(reject({ messages, tools }, schema), '"tools" must have at most 1000 items');
  }
});
