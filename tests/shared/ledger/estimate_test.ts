import { assertEquals } from "@std/assert";
import { estimate, expect } from "../../../shared/ledger/estimate.ts";
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

Deno.test("counts the prompt, and the output limit once for each choice", () => {
  for (
    const [params, tokens] of [
      [{ max_tokens: 100 }, 100],
      [{ max_completion_tokens: 100, max_tokens: 5 }, 100],
      [{ max_output_tokens: 100 }, 100],
      [{ max_tokens: 100, n: 3 }, 300],
      [{ max_tokens: 100, n: 2, best_of: 4 }, 400],
      [{ max_tokens: 1, max_output_tokens: 100 }, 100],
      [{ max_completion_tokens: 1, max_tokens: 100 }, 100],
    ] as [Record<string, unknown>, number][]
  ) {
    assertEquals(estimateOf(params).completionTokens, tokens, JSON.stringify(params));
  }
  const short = estimateOf({ prompt: "x" }).promptTokens;
  assertEquals(estimateOf({ prompt: "x".repeat(301) }).promptTokens, short + 100);
});

Deno.test("assumes 4096 completion tokens without an output limit, and none for embeddings", () => {
  assertEquals(estimateOf({}).completionTokens, 4_096);
  assertEquals(estimateOf({ n: 2 }, {}, "/images").completionTokens, 2 * 4_096);
  assertEquals(estimateOf({ input: "text" }, {}, "/embeddings").completionTokens, 0);
});

Deno.test("counts text that begins like an image as text", () => {
  const text = `data:image/png;base64,${"word ".repeat(3_000)}`;
  for (const messages of [[{ content: text }], [{ content: [{ url: text }] }]]) {
    assertEquals(estimateOf({ messages }).promptTokens > 5_000, true);
  }
});

Deno.test("counts the bytes of characters beyond ASCII", () => {
  const of = (text: string) => estimateOf({ prompt: text.repeat(300) }).promptTokens;
  assertEquals(of("語") - of(""), 300);
});

/** Images in every place where an API takes them. */
const WITH_IMAGE: Record<string, (url: string) => Record<string, unknown>> = {
  "a message": (url) => ({ messages: [{ content: [{ type: "image_url", image_url: { url } }] }] }),
  "an item of Responses": (url) => ({
    input: [{ content: [{ type: "input_image", image_url: url }] }],
  }),
  "a tool result": (url) => ({
    input: [{ type: "function_call_output", output: [{ type: "input_image", image_url: url }] }],
  }),
  "a screenshot": (url) => ({
    input: [{
      type: "computer_call_output",
      output: { type: "computer_screenshot", image_url: url },
    }],
  }),
  "a response that is sent back": (url) => ({
    messages: [{ role: "assistant", images: [{ type: "image_url", image_url: { url } }] }],
  }),
  "a tool result of Anthropic's form": (url) => ({
    messages: [{
      role: "user",
      content: [{
        type: "tool_result",
        tool_use_id: "t1",
        content: [{ type: "image", source: toSource(url) }],
      }],
    }],
  }),
  "an embedding input": (url) => ({
    input: [{ content: [{ type: "image_url", image_url: { url } }] }],
  }),
  "an image reference": (url) => ({
    input_references: [{ type: "image_url", image_url: { url } }],
  }),
};

for (const [place, withImage] of Object.entries(WITH_IMAGE)) {
  Deno.test(`counts an image in ${place} as a thousand tokens, whatever its size`, () => {
    const short = `data:image/png;base64,AAAA`;
    for (const url of [short, short.padEnd(3_000_000, "A"), "https://images.example/1.png"]) {
      const { promptTokens } = estimateOf(withImage(url));
      assertEquals(Math.floor(promptTokens / 1_000), 1);
    }
  });
}

Deno.test("counts what only looks like an image as the text that a model reads", () => {
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

Deno.test("counts a file by its bytes, or as 100,000 tokens when it is named by a URL or an id", () => {
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

Deno.test("estimates a call whatever its content looks like", () => {
  for (const odd of [null, 5, "x", [null, 5, "x", [[]], {}], {}, [{ content: [null, 5] }]]) {
    const params = { messages: odd, input: odd, input_references: odd };
    assertEquals(estimateOf(params).promptTokens < 100, true);
  }
});

Deno.test("falls back to the price ceilings of the settings, or to defaults", () => {
  assertEquals(estimateOf({}).fallback, { prompt_usd: 3e-6, completion_usd: 15e-6 });
  const capped = estimateOf({}, {
    MAX_PROMPT_USD_PER_MILLION: "1",
    MAX_COMPLETION_USD_PER_MILLION: "2",
  });
  assertEquals(capped.fallback, { prompt_usd: 1e-6, completion_usd: 2e-6 });
});

Deno.test("records the call under the first of its models and prices it by all", () => {
  const of = (params: Record<string, unknown>) => {
    const { model, estimate } = expect({ path: "/responses", params, bytes: 9 }, createSettings());
    return [model, estimate.parts[0]!.models];
  };
  assertEquals(of({ models: ["a", "b"] }), ["a", ["a", "b"]]);
  assertEquals(of({ model: "c", models: ["a"] }), ["c", ["c", "a"]]);
  assertEquals(of({}), ["", [""]]);
});

Deno.test("encodes no body before its estimate is needed", () => {
  let encoded = 0;
  const expected = expect({
    path: "/chat/completions",
    params: { model: "a" },
    get bytes() {
      return ++encoded;
    },
  }, createSettings());
  assertEquals([expected.model, encoded], ["a", 0]);
  assertEquals([expected.estimate, encoded], [expected.estimate, 1]);
});

Deno.test("counts a part by its type: text with a file id is text", () => {
  const parts = Array.from({ length: 3_000 }, () => ({ type: "text", text: "x", file_id: "f" }));
  const { promptTokens, parts: [own] } = estimateOf({ messages: [{ content: parts }] });
  assertEquals([promptTokens < 60_000, own!.file_usd], [true, 0]);
});

const PDF = "https://files.example/1.pdf";
const withFile = (file_data: string, rest = {}) => ({
  messages: [{ content: [{ type: "file", file: { file_data } }] }],
  ...rest,
});

Deno.test("counts 1000 pages to parse for a file given by URL or id, and 100 or more for others", () => {
  const pagesOf = (params: Record<string, unknown>) =>
    Math.round(estimateOf(params).parts[0]!.file_usd! / 0.002);
  const inline = (bytes: number, type = "application/pdf") =>
    withFile(`data:${type};base64,${"A".repeat(bytes)}`);
  assertEquals(pagesOf(withFile(PDF)), 1_000);
  assertEquals(pagesOf(inline(2_000)), 100);
  assertEquals(pagesOf(inline(400_000)), 401);
  assertEquals(pagesOf(inline(5_000_000)), 1_000);
  assertEquals(pagesOf(inline(2_000, "text/plain")), 0);
  const parsed = (engine?: string) =>
    pagesOf(withFile(PDF, { plugins: [{ id: "file-parser", pdf: { engine } }] }));
  assertEquals(["mistral-ocr", undefined].map(parsed), [1_000, 1_000]);
  assertEquals(["native", "cloudflare-ai", "pdf-text"].map(parsed), [0, 0, 0]);
});

Deno.test("counts an image in Anthropic's form as an image", () => {
  const source = { type: "base64", media_type: "image/png", data: "A".repeat(300_000) };
  const { promptTokens, parts: [own] } = estimateOf({
    messages: [{ content: [{ type: "image", source }] }],
  });
  assertEquals([Math.floor(promptTokens / 1_000), own!.images], [1, 1]);
});

Deno.test("estimates a request in which names are objects without a text form", () => {
  const odd = { toString: null };
  const plain = estimateOf({ messages: [] }).completionTokens;
  for (
    const params of [
      { model: odd, models: [odd] },
      { tools: [{ type: odd }], plugins: [{ id: odd }] },
      { messages: [{ content: [{ type: odd }] }] },
    ]
  ) assertEquals(estimateOf(params).completionTokens, plain);
});

Deno.test("estimates no more tokens than the ledger can hold", () => {
  const most = 2 ** 31 - 1;
  assertEquals(estimateOf({ max_tokens: most, n: most }).completionTokens, most);
  const plugins = [{ id: "web", max_results: most, max_uses: most }];
  const tools = [{ type: "openrouter:advisor", max_tokens: most }];
  const { parts } = estimateOf({ plugins, tools });
  assertEquals(parts.map(({ prompt_tokens }) => prompt_tokens), [most, most]);
});

/** The source of an image in Anthropic's form. */
function toSource(url: string): Record<string, string> {
  const [, media_type, data] = /^data:([^;]+);base64,(.*)$/.exec(url) ?? [];
  return data ? { type: "base64", media_type: media_type!, data } : { type: "url", url };
}

Deno.test("counts pages of Anthropic's documents, except of those whose text is in the request", () => {
  const of = (source: unknown) =>
    estimateOf({ messages: [{ role: "user", content: [{ type: "document", source }] }] })
      .parts[0]!.file_usd;
  const pdf = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" };
  assertEquals(of(pdf), 0.2);
  assertEquals(of({ type: "url", url: "https://files.example/1.pdf" }), 2);
  assertEquals(of({ type: "text", media_type: "text/plain", data: "Hello" }), 0);
});
