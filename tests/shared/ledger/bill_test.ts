/** What an attempt is charged; when it is charged, store_test.ts says. */
import { assertEquals } from "@std/assert";
import { Bill, type Seen } from "../../../shared/ledger/bill.ts";
import type { Answered, RecordedCharge } from "../../../shared/ledger/charge.ts";
import type { Expected } from "../../../shared/ledger/estimate.ts";

const FALLBACK = { prompt_usd: 3e-6, completion_usd: 15e-6 };
const OWN = {
  models: ["openai/gpt-4o", "b"],
  prompt_tokens: 100,
  completion_tokens: 50,
  images: 2,
};
const INNER = { models: ["inner"], prompt_tokens: 9, completion_tokens: 8 };
const EXPECTED: Expected = {
  model: "openai/gpt-4o",
  estimate: {
    ...{ promptTokens: 100, completionTokens: 50, parts: [OWN, INNER] },
    ...{ extraUsd: 0.2, fallback: FALLBACK },
  },
};
const USAGE = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12, cost: 0.25 };

function chargeFor(answered: Answered, seen?: Seen, expected = EXPECTED): RecordedCharge {
  const charges: RecordedCharge[] = [];
  new Bill(expected, { id: "r", charges }).charge(answered, seen);
  return charges[0]!;
}

Deno.test("charges what a response states", () => {
  const charge = chargeFor({ id: "gen-1", model: "openai/gpt-4o", usage: USAGE });
  assertEquals(charge, {
    generation_id: "gen-1",
    model: "openai/gpt-4o",
    prompt_tokens: 7,
    completion_tokens: 5,
    usd: 0.25,
    final: true,
  });
});

Deno.test("reads the names that OpenAI's Responses give their tokens", () => {
  const usage = { input_tokens: 3, output_tokens: 4, cost: 0.1 } as unknown as typeof USAGE;
  const { prompt_tokens, completion_tokens, usd } = chargeFor({ usage });
  assertEquals([prompt_tokens, completion_tokens, usd], [3, 4, 0.1]);
});

Deno.test("adds the provider's price when the account's own provider key paid", () => {
  const usage = {
    ...{ ...USAGE, cost: 0, is_byok: true },
    cost_details: { upstream_inference_cost: 0.0360795 },
  };
  const { usd, final } = chargeFor({ usage });
  assertEquals([usd, final], [0.0360795, true]);
});

Deno.test("leaves the price of a silent response to the ledger, with everything that it may have used", () => {
  const charge = chargeFor({});
  assertEquals([charge.completion_tokens, charge.usd, charge.final], [50, null, false]);
  assertEquals(charge.parts, [OWN, INNER]);
  assertEquals([charge.extra_usd, charge.prompt_usd], [0.2, FALLBACK.prompt_usd]);
});

Deno.test("charges the completion tokens that were seen, at most as many as the limit allows", () => {
  for (const [seen, tokens] of [[10, 10], [9_999, 50]] as const) {
    const charge = chargeFor({}, { completionTokens: seen });
    assertEquals([charge.completion_tokens, charge.parts![0]!.completion_tokens], [tokens, tokens]);
  }
});

Deno.test("does not take what a response states before its end for its final cost", () => {
  assertEquals(chargeFor({ usage: USAGE }, { isPart: true }).final, false);
  const usage = { ...USAGE, cost: undefined };
  const charge = chargeFor({ usage }, { isPart: true, completionTokens: 20 });
  assertEquals([charge.prompt_tokens, charge.completion_tokens, charge.usd], [7, 20, null]);
  const { completion_tokens } = chargeFor({ usage }, { isPart: true, completionTokens: 1 });
  assertEquals(completion_tokens, 5);
});

Deno.test("prices stated tokens without a cost at the price of the model that answered", () => {
  const charge = chargeFor({ model: "other", usage: { ...USAGE, cost: undefined } });
  assertEquals(charge.parts, [{ models: ["other"], prompt_tokens: 7, completion_tokens: 5 }]);
  assertEquals([charge.usd, charge.final, charge.extra_usd], [null, false, undefined]);
});

Deno.test("takes usage that states nothing for no usage", () => {
  for (const usage of [{}, { prompt_tokens: 0, completion_tokens: 0 }, { cost: null }]) {
    const charge = chargeFor({ usage: usage as unknown as typeof USAGE });
    assertEquals([charge.prompt_tokens, charge.completion_tokens], [100, 50]);
    assertEquals([charge.usd, charge.final], [null, false]);
  }
});

Deno.test("charges nothing when the gateway states a cost of 0", () => {
  const { usd, final } = chargeFor({ usage: { ...USAGE, prompt_tokens: 0, cost: 0 } });
  assertEquals([usd, final], [0, true]);
});

Deno.test("counts a bare total as prompt tokens", () => {
  const charge = chargeFor({ usage: { total_tokens: 12 } as unknown as typeof USAGE });
  assertEquals([charge.prompt_tokens, charge.completion_tokens], [12, 0]);
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
  Deno.test(`records what ${answered} answers for "${asked}" under ${charged}`, () => {
    assertEquals(chargeFor({ model: answered }, {}, { ...EXPECTED, model: asked }).model, charged);
  });
}
