import { assertEquals } from "@std/assert";
import { estimate } from "../../shared/estimate.ts";
import { createSettings } from "../../shared/settings.ts";
import { createEnvironment } from "../support/caller.ts";

function estimateOf(
  params: Record<string, unknown>,
  values: Record<string, string> = {},
  path = "/chat/completions",
) {
  const body = JSON.stringify(params);
  return estimate({ path, params, body }, createSettings(createEnvironment(values)));
}

Deno.test("a call may use its prompt, and its limit of tokens as often as it asks for answers", () => {
  for (
    const [params, tokens] of [
      [{ max_tokens: 100 }, 100],
      [{ max_completion_tokens: 100, max_tokens: 5 }, 100],
      [{ max_output_tokens: 100 }, 100],
      [{ max_tokens: 100, n: 3 }, 300],
      [{ max_tokens: 1, max_output_tokens: 100 }, 100],
      [{ max_completion_tokens: 1, max_tokens: 100 }, 100],
    ] as [Record<string, unknown>, number][]
  ) {
    assertEquals(estimateOf(params).completionTokens, tokens, JSON.stringify(params));
  }
  const short = estimateOf({ prompt: "x" }).promptTokens;
  assertEquals(estimateOf({ prompt: "x".repeat(301) }).promptTokens, short + 100);
});

Deno.test("a call without a limit of tokens may use some, but for embeddings", () => {
  assertEquals(estimateOf({}).completionTokens, 4_096);
  assertEquals(estimateOf({ n: 2 }, {}, "/images").completionTokens, 2 * 4_096);
  assertEquals(estimateOf({ input: "text" }, {}, "/embeddings").completionTokens, 0);
});

Deno.test("a text that begins like an image counts as the text it is", () => {
  const text = `data:image/png;base64,${"word ".repeat(3_000)}`;
  for (const messages of [[{ content: text }], [{ content: [{ url: text }] }]]) {
    assertEquals(estimateOf({ messages }).promptTokens > 5_000, true);
  }
});

Deno.test("letters beyond ASCII count for more", () => {
  const of = (text: string) => estimateOf({ prompt: text.repeat(300) }).promptTokens;
  assertEquals(of("語") - of(""), 300);
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
