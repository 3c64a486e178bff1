/** Usage objects of gateways, read into numbers. */
import { assertEquals } from "@std/assert";
import {
  readTokenUsage,
  sumTokenUsage,
  type TokenUsage,
  toTokenCount,
  toUsd,
} from "../../shared/token_usage.ts";

const NEITHER: unknown[] = [-1, NaN, Infinity, null, undefined, "", "x", true, [], [5], {}, {
  toString: 1,
}];

Deno.test("rounds a token count and keeps it within 0 and 2^31 - 1", () => {
  assertEquals([3, "3", 3.4, 1e300].map(toTokenCount), [3, 3, 3, 2 ** 31 - 1]);
  assertEquals(NEITHER.map(toTokenCount), NEITHER.map(() => 0));
});

Deno.test("reads an amount of USD and ignores everything else", () => {
  assertEquals([0, 0.5, "0.5", 1e-9].map(toUsd), [0, 0.5, 0.5, 1e-9]);
  assertEquals([...NEITHER, 1e300].map(toUsd), [...NEITHER, 1e300].map(() => undefined));
});

Deno.test("reads usage under the names of chat completions, of Responses, of Messages and of a bare total", () => {
  const read = (usage: unknown) => readTokenUsage(usage as TokenUsage);
  assertEquals(read({ prompt_tokens: 3, completion_tokens: 4, cost: 0.5 }), {
    promptTokens: 3,
    completionTokens: 4,
    usd: 0.5,
  });
  assertEquals(read({ input_tokens: 3, output_tokens: 4 }), {
    promptTokens: 3,
    completionTokens: 4,
    usd: undefined,
  });
  const cached = { cache_creation_input_tokens: 10, cache_read_input_tokens: 100 };
  assertEquals(read({ input_tokens: 3, output_tokens: 4, ...cached })?.promptTokens, 113);
  assertEquals(read({ prompt_tokens: 3, completion_tokens: 4, ...cached })?.promptTokens, 3);
  assertEquals(read({ total_tokens: 7 })?.promptTokens, 7);
  assertEquals(read({ total_tokens: 7, completion_tokens: 2 })?.promptTokens, 5);
});

Deno.test("returns undefined for usage that states neither tokens nor a cost", () => {
  for (const usage of [undefined, null, {}, { prompt_tokens: 0 }, { cost: null }]) {
    assertEquals(readTokenUsage(usage as TokenUsage), undefined);
  }
});

Deno.test("adds the provider's price when the account's own provider key paid", () => {
  const usage = (is_byok: boolean, upstream: unknown, cost = 0.001) =>
    readTokenUsage({
      ...{ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, cost, is_byok },
      cost_details: { upstream_inference_cost: upstream },
    })?.usd;
  assertEquals(usage(true, 0.25), 0.251);
  assertEquals(usage(true, "0.25", 0), 0.25);
  assertEquals(usage(false, 0.25), 0.001);
  assertEquals(usage(true, null), 0.001);
  assertEquals(usage(true, null, 0), undefined, "a fee of 0 is not the price");
  const one = { cost: 0, is_byok: true, cost_details: { upstream_inference_cost: 0.5 } };
  assertEquals(sumTokenUsage([one, { cost: 0.25 }]).cost, 0.75);
});

Deno.test("adds up the usage of several calls and counts a missing usage as zero", () => {
  const one = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.25 };
  const other = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cost: null };
  assertEquals(sumTokenUsage([one, undefined, other]), {
    prompt_tokens: 11,
    completion_tokens: 7,
    total_tokens: 18,
    cost: 0.25,
  });
  assertEquals(sumTokenUsage([]), {
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    cost: 0,
  });
});
