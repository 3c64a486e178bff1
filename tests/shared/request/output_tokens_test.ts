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
  [{ reasoning: { max_tokens: 8000 } }, { max_tokens: 12_096 }],
  [{ reasoning: { max_tokens: 8000 }, max_tokens: null }, { max_tokens: 12_096 }],
  [{ reasoning: { max_tokens: 8000 }, max_tokens: 9000 }, { max_tokens: 9000 }],
  [{ reasoning: { max_tokens: 8000 }, max_tokens: 5 }, { max_tokens: 5 }],
  [{ thinking: { type: "enabled", budget_tokens: 8000 } }, { max_tokens: 12_096 }],
  [{ reasoning: { max_tokens: 14_000 } }, { max_tokens: 16_384 }],
  [{ reasoning: { max_tokens: 4000 }, n: 2 }, { max_tokens: 8096 }],
  [{ reasoning: { max_tokens: "many" } }, { max_tokens: 4096 }],
  [{ reasoning: { effort: "high" } }, { max_tokens: 16_384 }],
  [{ reasoning: { effort: "medium" } }, { max_tokens: 8192 }],
  [{ reasoning: { effort: "low" } }, { max_tokens: 4096 }],
  [{ reasoning: { effort: "constructor" } }, { max_tokens: 4096 }],
  [{ reasoning: { enabled: true } }, { max_tokens: 8192 }],
  [{ reasoning: { effort: "none" } }, { max_tokens: 4096 }],
  [{ reasoning: { exclude: true } }, { max_tokens: 4096 }],
  [{ reasoning_effort: "xhigh" }, { max_tokens: 16_384 }],
  [{ reasoning_effort: "none" }, { max_tokens: 4096 }],
  [{ model: "openai/gpt-5-mini" }, { max_completion_tokens: 8192 }],
  [{ model: "deepseek/deepseek-r1" }, { max_tokens: 8192 }],
  [{ model: "google/gemini-2.5-pro", reasoning: { enabled: false } }, { max_tokens: 4096 }],
  [{ models: ["anthropic/claude-3.7-sonnet:thinking"] }, { max_tokens: 8192 }],
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
  assertEquals(send({ model: "openai/gpt-4o" }), { max_output_tokens: 4096 });
  assertEquals(send({ reasoning: { max_tokens: 100 } }), { max_output_tokens: 4196 });
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

Deno.test("rejects a reasoning budget that leaves no tokens for the answer", () => {
  const settings = settingsOf({});
  for (const [fields, limit] of [[{}, 16_384], [{ n: 2 }, 8192]] as [Fields, number][]) {
    for (const max_tokens of [limit, 16_384]) {
      const error = assertThrows(
        () => withOutputLimit(CHAT, { ...fields, reasoning: { max_tokens } }, { settings }),
        ApiError,
      );
      assertEquals(
        error.message,
        `"reasoning.max_tokens" must be less than ${limit}, so that tokens are left for the answer`,
      );
    }
  }
  const tooHigh = { reasoning: { max_tokens: 99_999 } };
  assertEquals(withOutputLimit(CHAT, tooHigh, { settings }), { ...tooHigh, max_tokens: 16_384 });
});

Deno.test("lowers a limit above MAX_OUTPUT_TOKENS, and the reasoning budget with it, when asked to", () => {
  const settings = settingsOf({ MAX_OUTPUT_TOKENS: "10000" });
  const lower = (fields: Fields) => withOutputLimit(CHAT, fields, { settings, lowersLimits: true });
  assertEquals(lower({ max_tokens: 32_000 }), { max_tokens: 10_000 });
  assertEquals(lower({ max_tokens: 10_000 }), { max_tokens: 10_000 });
  assertEquals(lower({ max_tokens: 6000, n: 2 }), { max_tokens: 5000, n: 2 });
  assertEquals(lower({ max_completion_tokens: 32_000 }), { max_completion_tokens: 10_000 });
  assertEquals(lower({ max_tokens: 32_000, reasoning: { max_tokens: 31_999 } }), {
    max_tokens: 10_000,
    reasoning: { max_tokens: 5904 },
  });
  assertEquals(lower({ max_tokens: 32_000, reasoning: { max_tokens: 8000, exclude: true } }), {
    max_tokens: 10_000,
    reasoning: { max_tokens: 8000, exclude: true },
  });
  assertEquals(lower({ reasoning: { max_tokens: 31_999 } }), {
    max_tokens: 10_000,
    reasoning: { max_tokens: 5904 },
  });
  const thinking = { type: "enabled", budget_tokens: 31_999 };
  assertEquals(
    withOutputLimit("/messages", { model: "openai/gpt-5", max_tokens: 32_000, thinking }, {
      settings,
      lowersLimits: true,
    }),
    {
      model: "openai/gpt-5",
      max_tokens: 10_000,
      thinking: { type: "enabled", budget_tokens: 5904 },
    },
  );
  const low = settingsOf({ MAX_OUTPUT_TOKENS: "100" });
  assertEquals(
    withOutputLimit(CHAT, { reasoning: { max_tokens: 100 } }, {
      settings: low,
      lowersLimits: true,
    }),
    { max_tokens: 100, reasoning: { max_tokens: 50 } },
  );
});

Deno.test("leaves a limit that is not a number to the policy, and lowers one that is a text", () => {
  const options = { settings: settingsOf({ MAX_OUTPUT_TOKENS: "100" }), lowersLimits: true };
  for (const max_tokens of [{ toString: 1 }, [101], "many"]) {
    assertEquals(withOutputLimit(CHAT, { max_tokens }, options), { max_tokens });
  }
  assertEquals(withOutputLimit(CHAT, { max_tokens: "101" }, options), { max_tokens: 100 });
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

function limitsOf(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => /^max_/.test(name)));
}

function settingsOf(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}
