import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { applyOutputCap } from "../../../shared/policy/token_caps.ts";
import type { Fields } from "../../../shared/fields.ts";
import { createSettings } from "../../../shared/settings.ts";

const CHAT = "/chat/completions";

/** What is within a cap of 1000 tokens, or the message that refuses it. */
const LIMITS: [params: Fields, message?: string][] = [
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
  [{ max_tokens: 500, n: 2 }],
  [{ max_tokens: 1000, n: null }],
  [{ max_tokens: 501, n: 2 }, '"max_tokens" must be 500 or less, as all 2 answers share 1000'],
  [
    { max_tokens: 501, best_of: 2 },
    '"max_tokens" must be 500 or less, as all 2 answers share 1000',
  ],
  [{ max_tokens: 501, n: "2" }, '"max_tokens" must be 500 or less, as all 2 answers share 1000'],
  [{ max_tokens: 1, n: 0 }, '"n" must be a whole number, 1 or more'],
  [{ max_tokens: 1, n: -5 }, '"n" must be a whole number, 1 or more'],
  [{ max_tokens: 1, n: 1.5 }, '"n" must be a whole number, 1 or more'],
  [{ max_tokens: 1, best_of: "all" }, '"best_of" must be a whole number, 1 or more'],
];

for (const [params, message] of LIMITS) {
  Deno.test(`a cap of 1000 and ${JSON.stringify(params)}`, () => {
    const settings = createCap("1000");
    if (!message) return assertEquals(applyOutputCap(CHAT, params, settings), params);
    const error = assertThrows(() => applyOutputCap(CHAT, params, settings), ApiError);
    assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", message]);
  });
}

Deno.test("a lowered cap is the limit of a completion without one", () => {
  const low = createCap("1000");
  assertEquals(applyOutputCap(CHAT, { n: 3 }, low), { n: 3, max_tokens: 333 });
  assertEquals(applyOutputCap(CHAT, { max_tokens: null }, low), { max_tokens: 1000 });
  for (const params of [{ model: "openai/gpt-5-image" }, { models: ["openai/o3", "m"] }]) {
    assertEquals(applyOutputCap(CHAT, params, low), { ...params, max_completion_tokens: 1000 });
  }
  assertEquals(applyOutputCap("/embeddings", {}, low), {});
  assertEquals(applyOutputCap("/images", { n: 10 }, low), { n: 10 });
});

Deno.test("the cap that every project has adds nothing", () => {
  const params = { messages: [] };
  assertEquals(applyOutputCap(CHAT, params, createCap()), params);
});

function createCap(tokens?: string) {
  return createSettings({ get: (name) => name === "MAX_OUTPUT_TOKENS" ? tokens : undefined });
}
