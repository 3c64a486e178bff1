import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { estimateInputTokens, requireInputTokens } from "../../../shared/request/input_tokens.ts";
import { createSettings } from "../../../shared/settings.ts";

const IMAGE = {
  type: "image_url",
  image_url: { url: `data:image/png;base64,${"A".repeat(9_000)}` },
};

/** Inputs and their estimate. */
const INPUTS: [input: unknown, tokens: number][] = [
  [undefined, 0],
  [null, 0],
  ["", 0],
  ["abc", 1],
  ["abcd", 2],
  ["漢字", 2],
  [["abc", "abc"], 2],
  [[15_339, 1_917], 2],
  [[[15_339], [1_917]], 2],
  [[{ role: "use", content: "abc" }], 2],
  [[{ role: "use", content: [{ type: "text", text: "abcde" }] }], 4],
  [[{ content: [IMAGE, IMAGE] }], 2_000],
  [[{ content: [{ type: "input_image", image_url: "https://images.example/1.png" }] }], 1_000],
  [["data:image/png;base64,AAAA"], 1_000],
  [{ deep: { deeper: ["abcabc"] } }, 2],
];

for (const [input, tokens] of INPUTS) {
  Deno.test(`estimates ${tokens} tokens for ${JSON.stringify(input)?.slice(0, 80)}`, () => {
    assertEquals(estimateInputTokens(input), tokens);
  });
}

Deno.test("rejects a field that is longer than MAX_INPUT_TOKENS, and names both numbers", () => {
  const settings = settingsOf({ MAX_INPUT_TOKENS: "5" });
  requireInputTokens({ messages: "x".repeat(15), prompt: undefined }, settings);
  const error = assertThrows(
    () => requireInputTokens({ prompt: "x", messages: "x".repeat(16) }, settings),
    ApiError,
  );
  assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
  assertEquals(error.message, '"messages" must have at most 5 tokens, and has about 6');
});

Deno.test("accepts input of any length when MAX_INPUT_TOKENS is not set", () => {
  requireInputTokens({ messages: "x".repeat(10_000_000) }, settingsOf({}));
});

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
