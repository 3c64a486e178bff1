/** What is charged for an answer; when it is, is in `usage_test.ts`. */
import { assertEquals } from "@std/assert";
import type { Call } from "../../shared/app.ts";
import { type Answered, Bill, type Charge, type Seen } from "../../shared/bill.ts";

const EXPECTED = { model: "openai/gpt-4o", promptTokens: 100, completionTokens: 50, usd: 0.3 };
const USAGE = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12, cost: 0.25 };

function chargeFor(answered: Answered, seen?: Seen, payment = {}, expected = EXPECTED) {
  const call = { log: {} } as Call;
  const charges: Charge[] = [];
  new Bill(call, charges, expected, payment).charge(answered, seen);
  return { charge: charges[0], log: call.log };
}

Deno.test("an answer is charged what it says, and the log has it", () => {
  const { charge, log } = chargeFor({ id: "gen-1", model: "openai/gpt-4o", usage: USAGE });
  assertEquals(charge, {
    generation_id: "gen-1",
    model: "openai/gpt-4o",
    prompt_tokens: 7,
    completion_tokens: 5,
    usd: 0.25,
    final: true,
  });
  assertEquals(log, {
    model: "openai/gpt-4o",
    generation_id: "gen-1",
    prompt_tokens: 7,
    completion_tokens: 5,
    cost: 0.25,
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
  assertEquals(priceOf(), [50, 150 * (0.3 / 150), false]);
  assertEquals(priceOf({ completionTokens: 10 }), [10, 110 * (0.3 / 150), false]);
  assertEquals(priceOf({ completionTokens: 9_999 }), [50, 150 * (0.3 / 150), false]);
  assertEquals(priceOf({}, { usdPerToken: 0.5 }), [50, 75, false]);
});

Deno.test("what an answer says before its end is not its last word", () => {
  assertEquals(chargeFor({ usage: USAGE }, { isPart: true }).charge.final, false);
});

Deno.test("tokens without a cost are an estimate at the price of what was expected", () => {
  const { charge } = chargeFor({ usage: { ...USAGE, cost: undefined } });
  assertEquals([charge.usd, charge.final], [12 * (0.3 / 150), false]);
});

for (
  const [asked, answered, charged] of [
    ["openai/gpt-4o", "openai/gpt-4o-2024-08-06", "openai/gpt-4o"],
    ["openai/gpt-4o:online", "openai/gpt-4o", "openai/gpt-4o:online"],
    ["openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-4o-mini"],
    ["openrouter/auto", "openai/gpt-4o", "openai/gpt-4o"],
    ["", "openai/gpt-4o", "openai/gpt-4o"],
  ]
) {
  Deno.test(`what ${answered} answers for "${asked}" is charged to ${charged}`, () => {
    const expected = { ...EXPECTED, model: asked };
    assertEquals(chargeFor({ model: answered }, {}, {}, expected).charge.model, charged);
  });
}
