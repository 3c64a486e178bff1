import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import {
  countChoices,
  readOutputLimit,
  refusesMaxTokens,
  withOutputLimit,
} from "../../../shared/request/output_tokens.ts";
import { createSettings } from "../../../shared/settings.ts";

const CHAT = "/chat/completions";

/** The output limit of a chat completion, and what is sent for it. */
const LIMITS: [given: Fields, sent: Fields][] = [
  [{}, { max_tokens: 4096 }],
  [{ max_tokens: null }, { max_tokens: 4096 }],
  [{ max_tokens: 1 }, { max_tokens: 1 }],
  [{ max_tokens: 16_384 }, { max_tokens: 16_384 }],
  [{ max_tokens: 99_999 }, { max_tokens: 99_999 }],
  [{ max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ max_tokens: 5, max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ max_tokens: null, max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ model: "openai/gpt-5-mini", max_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ model: "o3", max_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ models: ["openai/o4-mini"], max_tokens: 5 }, { max_completion_tokens: 5 }],
  [{ model: "openai/gpt-4o" }, { max_tokens: 4096 }],
  [{ n: 3 }, { max_tokens: 4096 }],
  [{ n: 8 }, { max_tokens: 2048 }],
  [{ n: null, best_of: 8 }, { max_tokens: 2048 }],
  [{ n: 100_000 }, { max_tokens: 1 }],
];

for (const [given, sent] of LIMITS) {
  Deno.test(`sends ${JSON.stringify(sent)} for the limit of ${JSON.stringify(given)}`, () => {
    assertEquals(limitsOf(withOutputLimit(CHAT, given, { settings: settingsOf({}) })), sent);
  });
}

Deno.test("a response of the Responses API has its limit in max_output_tokens", () => {
  const settings = settingsOf({});
  const send = (fields: Fields) => limitsOf(withOutputLimit("/responses", fields, { settings }));
  assertEquals(send({ model: "openai/gpt-5" }), { max_output_tokens: 4096 });
  assertEquals(send({ max_output_tokens: 5 }), { max_output_tokens: 5 });
});

Deno.test("keeps the default within MAX_OUTPUT_TOKENS", () => {
  const settings = settingsOf({ MAX_OUTPUT_TOKENS: "100" });
  assertEquals(withOutputLimit(CHAT, {}, { settings }), { max_tokens: 100 });
  assertEquals(withOutputLimit(CHAT, { n: 3 }, { settings }), { n: 3, max_tokens: 33 });
  assertEquals(withOutputLimit(CHAT, {}, { settings, fallback: 5_000 }), { max_tokens: 100 });
  assertEquals(withOutputLimit(CHAT, {}, { settings, fallback: 50 }), { max_tokens: 50 });
});

Deno.test("rejects two different limits", () => {
  const settings = settingsOf({});
  for (
    const [given, message] of [
      [
        { max_tokens: 5, max_completion_tokens: 6 },
        '"max_tokens" and "max_completion_tokens" must be equal, or one of them left out',
      ],
      [
        { max_tokens: 5, max_output_tokens: 6 },
        '"max_tokens" and "max_output_tokens" must be equal, or one of them left out',
      ],
    ] as [Fields, string][]
  ) {
    const error = assertThrows(() => withOutputLimit(CHAT, given, { settings }), ApiError);
    assertEquals([error.status, error.code, error.message], [400, "INVALID_INPUT", message]);
  }
});

Deno.test("counts the choices of n and best_of, and rejects any other value", () => {
  assertEquals([{}, { n: null }, { n: 3 }, { n: 2, best_of: 5 }].map(countChoices), [1, 1, 3, 5]);
  for (const n of [0, -1, 1.5, "many", {}, { toString: null, valueOf: null }]) {
    assertThrows(() => countChoices({ n }), ApiError, '"n" must be a whole number, 1 or more');
  }
});

Deno.test("reads the highest output limit of a request", () => {
  assertEquals(readOutputLimit({ max_tokens: null }), undefined);
  assertEquals(readOutputLimit({ max_tokens: 5, max_output_tokens: 7 }), 7);
  assertEquals(readOutputLimit({ max_tokens: "many" }), NaN);
});

Deno.test("OpenAI's reasoning models reject max_tokens", () => {
  for (const model of ["openai/gpt-5-mini", "gpt-5", "openai/o3", "o4-mini"]) {
    assertEquals(refusesMaxTokens(model), true, model);
  }
  for (const model of ["openai/gpt-4o", "x/gpt-5", "openai/omni", undefined, ["o3"]]) {
    assertEquals(refusesMaxTokens(model), false, String(model));
  }
});

function limitsOf({ model: _, models: _1, n: _2, best_of: _3, ...limits }: Fields): Fields {
  return limits;
}

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
