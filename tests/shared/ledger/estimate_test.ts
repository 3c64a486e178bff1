import { assertEquals } from "@std/assert";
import { estimate } from "../../../shared/ledger/estimate.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

function estimateOf(
  params: Record<string, unknown>,
  values: Record<string, string> = {},
  path = "/chat/completions",
) {
  const bytes = new TextEncoder().encode(JSON.stringify(params)).length;
  return estimate({ path, params, bytes }, createSettings(createEnvironment(values)));
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

/** Images as the several APIs take them. */
const WITH_IMAGE: Record<string, (url: string) => Record<string, unknown>> = {
  "a message": (url) => ({ messages: [{ content: [{ type: "image_url", image_url: { url } }] }] }),
  "an item of Responses": (url) => ({
    input: [{ content: [{ type: "input_image", image_url: url }] }],
  }),
  "what a tool brought": (url) => ({
    input: [{ type: "function_call_output", output: [{ type: "input_image", image_url: url }] }],
  }),
  "what a screen shows": (url) => ({
    input: [{
      type: "computer_call_output",
      output: { type: "computer_screenshot", image_url: url },
    }],
  }),
  "an answer that is sent back": (url) => ({
    messages: [{ role: "assistant", images: [{ type: "image_url", image_url: { url } }] }],
  }),
  "something to embed": (url) => ({
    input: [{ content: [{ type: "image_url", image_url: { url } }] }],
  }),
  "something to draw from": (url) => ({
    input_references: [{ type: "image_url", image_url: { url } }],
  }),
};

for (const [place, withImage] of Object.entries(WITH_IMAGE)) {
  Deno.test(`an image in ${place} counts as a thousand tokens, however many bytes it has`, () => {
    const short = `data:image/png;base64,AAAA`;
    for (const url of [short, short.padEnd(3_000_000, "A"), "https://images.example/1.png"]) {
      const { promptTokens } = estimateOf(withImage(url));
      assertEquals(Math.floor(promptTokens / 1_000), 1);
    }
  });
}

Deno.test("what only looks like an image counts as the text that a model reads", () => {
  const url = `data:image/png;base64,${"word-".repeat(3_000)}`;
  const tool = { type: "function", function: { name: "f", parameters: { properties: { url } } } };
  for (
    const params of [
      { tools: [tool] },
      { input: [{ type: "additional_tools", tools: [tool] }] },
      { messages: [{ content: [{ type: "text", text: url, image_url: { url: "" } }] }] },
      { messages: [{ role: "tool", content: url }] },
      { input_references: url },
    ]
  ) {
    assertEquals(
      estimateOf(params).promptTokens > 5_000,
      true,
      JSON.stringify(params).slice(0, 80),
    );
  }
});

Deno.test("a file counts by its bytes, and as a large one where they are elsewhere", () => {
  const of = (file_data: string) =>
    estimateOf({ messages: [{ content: [{ type: "file", file: { file_data } }] }] }).promptTokens;
  const inline = `data:application/pdf;base64,${"A".repeat(300_000)}`;
  assertEquals(Math.round(of(inline) / 1_000), 100);
  assertEquals(Math.round(of("https://files.example/1.pdf") / 1_000), 100);
  const stored = { type: "input_file", file_id: "file-1" };
  for (
    const params of [
      { input: [{ type: "function_call_output", output: [stored] }] },
      { messages: [{ content: [{ type: "file", file: { file_id: "file-1" } }] }] },
    ]
  ) {
    assertEquals(Math.round(estimateOf(params).promptTokens / 1_000), 100);
  }
  const film = { type: "video_url", video_url: { url: "https://films.example/1.mp4" } };
  const { promptTokens } = estimateOf({ messages: [{ content: [film, film] }] });
  assertEquals(Math.round(promptTokens / 1_000), 200);
});

Deno.test("no odd content keeps a call from being estimated", () => {
  for (const odd of [null, 5, "x", [null, 5, "x", [[]], {}], {}, [{ content: [null, 5] }]]) {
    const params = { messages: odd, input: odd, input_references: odd };
    assertEquals(estimateOf(params).promptTokens < 100, true);
  }
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
