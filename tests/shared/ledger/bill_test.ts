/** What is charged for an answer; when it is, is in `usage_test.ts`. */
import { assertEquals } from "@std/assert";
import { type Answered, Bill, type Charge, type Seen } from "../../../shared/ledger/bill.ts";

const PRICES = { prompt: 1e6, completion: 4e6 };
const EXPECTED = {
  model: "openai/gpt-4o",
  promptTokens: 100,
  completionTokens: 50,
  prices: PRICES,
  usd: 300,
};
const USAGE = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12, cost: 0.25 };

function chargeFor(answered: Answered, seen?: Seen, payment = {}, expected = EXPECTED) {
  const charges: Charge[] = [];
  new Bill(expected, { charges, ...payment }).charge(answered, seen);
  return { charge: charges[0]! };
}

Deno.test("charges what a response states", () => {
  const { charge } = chargeFor({ id: "gen-1", model: "openai/gpt-4o", usage: USAGE });
  assertEquals(charge, {
    generation_id: "gen-1",
    model: "openai/gpt-4o",
    prompt_tokens: 7,
    completion_tokens: 5,
    usd: 0.25,
    final: true,
  });
});

Deno.test("OpenAI's Responses call their tokens otherwise", () => {
  const usage = { input_tokens: 3, output_tokens: 4, cost: 0.1 } as unknown as typeof USAGE;
  const { prompt_tokens, completion_tokens, usd } = chargeFor({ usage }).charge;
  assertEquals([prompt_tokens, completion_tokens, usd], [3, 4, 0.1]);
});

Deno.test("a silent answer costs what was reserved, or what was seen of it, at the known price", () => {
  const priceOf = (seen?: Seen, payment?: { usdPerToken: number }) => {
    const { completion_tokens, usd, final } = chargeFor({}, seen, payment).charge;
    return [completion_tokens, usd, final];
  };
  assertEquals(priceOf(), [50, 300, false]);
  assertEquals(priceOf({ completionTokens: 10 }), [10, 140, false]);
  assertEquals(priceOf({ completionTokens: 9_999 }), [50, 300, false]);
  assertEquals(priceOf({}, { usdPerToken: 0.5 }), [50, 75, false]);
});

Deno.test("what an answer says before its end is not its last word", () => {
  assertEquals(chargeFor({ usage: USAGE }, { isPart: true }).charge.final, false);
  const usage = { ...USAGE, cost: undefined };
  const { charge } = chargeFor({ usage }, { isPart: true, completionTokens: 20 });
  assertEquals([charge.prompt_tokens, charge.completion_tokens, charge.usd], [7, 20, 87]);
  const { completion_tokens } = chargeFor({ usage }, { isPart: true, completionTokens: 1 }).charge;
  assertEquals(completion_tokens, 5);
});

Deno.test("tokens without a cost are priced for themselves, however long the request was", () => {
  for (const promptTokens of [1, 100, 1_000_000]) {
    const usage = { ...USAGE, cost: undefined };
    const { charge } = chargeFor({ usage }, {}, {}, { ...EXPECTED, promptTokens });
    assertEquals([charge.usd, charge.final], [7 + 5 * 4, false]);
  }
});

Deno.test("a usage that states nothing is none, and no free call", () => {
  for (const usage of [{}, { prompt_tokens: 0, completion_tokens: 0 }, { cost: null }]) {
    const { charge } = chargeFor({ usage: usage as unknown as typeof USAGE });
    assertEquals([charge.prompt_tokens, charge.completion_tokens], [100, 50]);
    assertEquals([charge.usd, charge.final], [300, false]);
  }
});

Deno.test("what cost nothing by the gateway's own word is free", () => {
  const { charge } = chargeFor({ usage: { ...USAGE, prompt_tokens: 0, cost: 0 } });
  assertEquals([charge.usd, charge.final], [0, true]);
});

Deno.test("a total alone is all of the prompt", () => {
  const { charge } = chargeFor({ usage: { total_tokens: 12 } as unknown as typeof USAGE });
  assertEquals([charge.prompt_tokens, charge.completion_tokens, charge.usd], [12, 0, 12]);
});

for (
  const [asked, answered, charged] of [
    ["openai/gpt-4o", "openai/gpt-4o-2024-08-06", "openai/gpt-4o"],
    ["openai/gpt-4o:online", "openai/gpt-4o", "openai/gpt-4o:online"],
    ["openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-4o-mini"],
    ["openrouter/auto", "openai/gpt-4o", "openai/gpt-4o"],
    ["", "openai/gpt-4o", "openai/gpt-4o"],
  ] as const
) {
  Deno.test(`what ${answered} answers for "${asked}" is charged to ${charged}`, () => {
    const expected = { ...EXPECTED, model: asked };
    assertEquals(chargeFor({ model: answered }, {}, {}, expected).charge.model, charged);
  });
}
