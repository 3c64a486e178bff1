import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import { applyOutputCap } from "../../../shared/policy/token_caps.ts";
import { createSettings } from "../../../shared/settings.ts";

const CHAT = "/chat/completions";

/** Requests within a maximum of 1000 tokens, or the message that rejects them. */
const LIMITS: [fields: Fields, message?: string][] = [
  [{ max_tokens: 1000 }],
  [{ max_tokens: 1001 }, '"max_tokens" must be 1000 or less'],
  [{ max_completion_tokens: 1001 }, '"max_completion_tokens" must be 1000 or less'],
  [{ max_output_tokens: 1001 }, '"max_output_tokens" must be 1000 or less'],
  [{ max_tokens: 1, max_output_tokens: 1001 }, '"max_output_tokens" must be 1000 or less'],
  [{ max_tokens: "1001" }, '"max_tokens" must be 1000 or less'],
  [{ max_tokens: "many" }, '"max_tokens" must be 1000 or less'],
  [{ max_tokens: {} }, '"max_tokens" must be 1000 or less'],
  [{ max_tokens: 1, reasoning: { max_tokens: 1000 } }],
  [
    { max_tokens: 1, reasoning: { max_tokens: 1001 } },
    '"reasoning.max_tokens" must be 1000 or less',
  ],
  [{ max_tokens: 1, reasoning: null }],
  [{ max_tokens: 1, thinking: { budget_tokens: 1000 } }],
  [{ thinking: { budget_tokens: 1001 } }, '"thinking.budget_tokens" must be 1000 or less'],
  [{ thinking: { budget_tokens: {} } }, '"thinking.budget_tokens" must be 1000 or less'],
  [{ max_tokens: 500, n: 2 }],
  [{ max_tokens: 1000, n: null }],
  [{ max_tokens: 501, n: 2 }, '"max_tokens" must be 500 or less, because 2 choices share 1000'],
  [
    { max_tokens: 501, best_of: 2 },
    '"max_tokens" must be 500 or less, because 2 choices share 1000',
  ],
  [{ max_tokens: 501, n: "2" }, '"max_tokens" must be 500 or less, because 2 choices share 1000'],
  [{ max_tokens: 1, n: 0 }, '"n" must be a whole number, 1 or more'],
  [{ max_tokens: 1, n: -5 }, '"n" must be a whole number, 1 or more'],
  [{ max_tokens: 1, n: 1.5 }, '"n" must be a whole number, 1 or more'],
  [{ max_tokens: 1, best_of: "all" }, '"best_of" must be a whole number, 1 or more'],
];

for (const [fields, message] of LIMITS) {
  const outcome = message ? "rejects" : "passes";
  Deno.test(`${outcome} ${JSON.stringify(fields)} when MAX_OUTPUT_TOKENS is 1000`, () => {
    const settings = createCap("1000");
    if (!message) return assertEquals(applyOutputCap(CHAT, fields, settings), fields);
    const error = assertThrows(() => applyOutputCap(CHAT, fields, settings), ApiError);
    assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", message]);
  });
}

Deno.test("adds a lowered MAX_OUTPUT_TOKENS to a chat completion without a limit", () => {
  const low = createCap("1000");
  assertEquals(applyOutputCap(CHAT, { n: 3 }, low), { n: 3, max_tokens: 333 });
  assertEquals(applyOutputCap(CHAT, { max_tokens: null }, low), { max_tokens: 1000 });
  for (const fields of [{ model: "openai/gpt-5-image" }, { models: ["openai/o3", "m"] }]) {
    assertEquals(applyOutputCap(CHAT, fields, low), { ...fields, max_completion_tokens: 1000 });
  }
  assertEquals(applyOutputCap("/embeddings", {}, low), {});
  assertEquals(applyOutputCap("/images", { n: 10 }, low), { n: 10 });
});

Deno.test("adds no limit when MAX_OUTPUT_TOKENS has its default", () => {
  const fields = { messages: [] };
  assertEquals(applyOutputCap(CHAT, fields, createCap()), fields);
});

function createCap(tokens?: string) {
  return createSettings({ get: (name) => name === "MAX_OUTPUT_TOKENS" ? tokens : undefined });
}
