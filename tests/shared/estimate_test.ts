import { assertEquals } from "@std/assert";
import { estimate, toCount } from "../../shared/estimate.ts";
import { createSettings } from "../../shared/settings.ts";
import { createEnvironment } from "../support/caller.ts";

function estimateOf(params: Record<string, unknown>, values: Record<string, string> = {}) {
  const body = JSON.stringify(params);
  return estimate({ params, body }, createSettings(createEnvironment(values)));
}

Deno.test("a call may use its prompt, and its limit of tokens as often as it asks for answers", () => {
  for (
    const [params, tokens] of [
      [{ max_tokens: 100 }, 100],
      [{ max_completion_tokens: 100, max_tokens: 5 }, 100],
      [{ max_output_tokens: 100 }, 100],
      [{ max_tokens: 100, n: 3 }, 300],
      [{ input: "text" }, 0],
    ] as [Record<string, unknown>, number][]
  ) {
    assertEquals(estimateOf(params).completionTokens, tokens, JSON.stringify(params));
  }
  const short = estimateOf({ prompt: "x" }).promptTokens;
  assertEquals(estimateOf({ prompt: "x".repeat(301) }).promptTokens, short + 100);
});

Deno.test("an image counts as a thousand tokens, however many bytes it has", () => {
  const of = (bytes: number) =>
    estimateOf({ image_url: { url: `data:image/png;base64,${"A".repeat(bytes)}` } }).promptTokens;
  assertEquals([of(3), of(3_000_000)].map((tokens) => Math.floor(tokens / 1_000)), [1, 1]);
});

Deno.test("a call is assumed to cost as much as the settings let it", () => {
  const params = { model: "m", max_tokens: 1_000_000 };
  const { promptTokens, usd } = estimateOf(params);
  assertEquals(usd, (promptTokens * 3 + 15e6) / 1e6);
  const capped = estimateOf(params, {
    MAX_PROMPT_USD_PER_MILLION: "1",
    MAX_COMPLETION_USD_PER_MILLION: "2",
  });
  assertEquals(capped.usd, (promptTokens + 2e6) / 1e6);
});

Deno.test("the first of several models stands for all of them", () => {
  assertEquals(estimateOf({ models: ["a", "b"] }).model, "a");
  assertEquals(estimateOf({ model: "c", models: ["a"] }).model, "c");
  assertEquals(estimateOf({}).model, "");
});

Deno.test("a count of tokens is whole and never below zero", () => {
  const values = [3, "3", 3.4, -1, NaN, Infinity, null, undefined, {}, "x"];
  assertEquals(values.map(toCount), [3, 3, 3, 0, 0, 0, 0, 0, 0, 0]);
});
