import { assert, assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { Fields } from "../../../shared/fields.ts";
import { applyPriceCeiling } from "../../../shared/policy/prices.ts";
import { createSettings } from "../../../shared/settings.ts";

const CHAT = "/chat/completions";
const CEILINGS = { MAX_PROMPT_USD_PER_MILLION: "2", MAX_COMPLETION_USD_PER_MILLION: "0.5" };
const SENT = { max_price: { prompt: "2", completion: "0.5" } };

/** A caller's `provider`, and what is sent under ceilings of 2 and 0.5. */
const PROVIDERS: [given: unknown, sent: unknown][] = [
  [undefined, SENT],
  [null, SENT],
  [{ sort: "price", max_price: {} }, { sort: "price", ...SENT }],
  [{ max_price: { prompt: 100, completion: "100", image: "1" } }, {
    max_price: { prompt: "2", completion: "0.5", image: "1" },
  }],
  [{ max_price: { prompt: "1.25", completion: 0 } }, {
    max_price: { prompt: "1.25", completion: "0" },
  }],
  [{ max_price: { prompt: null } }, SENT],
];

for (const [provider, sent] of PROVIDERS) {
  Deno.test(`adds the ceilings to the provider ${JSON.stringify(provider)}`, () => {
    for (const path of [CHAT, "/messages", "/responses", "/embeddings"]) {
      assertEquals(apply(path, { provider }, CEILINGS).provider, sent);
    }
  });
}

Deno.test("leaves a price alone when it has no ceiling", () => {
  const fields = { provider: { max_price: { prompt: 9, completion: 9 } } };
  const { MAX_PROMPT_USD_PER_MILLION } = CEILINGS;
  assertEquals(apply(CHAT, fields, { MAX_PROMPT_USD_PER_MILLION }).provider, {
    max_price: { prompt: "2", completion: 9 },
  });
  assert(apply(CHAT, fields, {}) === fields);
});

Deno.test("sends no ceiling when the operation or the gateway does not support it", () => {
  assertEquals(apply("/images", { prompt: "x" }, CEILINGS), { prompt: "x" });
  assertEquals(apply(CHAT, {}, { ...CEILINGS, AI_GATEWAY: "pinata" }), {});
});

Deno.test("passes the tempo of generated speech", () => {
  const fields = { input: "x", speed: 1.25 };
  assertEquals(apply("/audio/speech", fields, CEILINGS), fields);
});

/** Requests that would get around a ceiling, and the field that the message names. */
const REJECTED: [fields: Fields, field: string][] = [
  [{ provider: [] }, "provider"],
  [{ provider: "cheap" }, "provider"],
  [{ provider: { max_price: "9" } }, "provider.max_price"],
  [{ provider: { max_price: { prompt: "free" } } }, "provider.max_price.prompt"],
  [{ provider: { max_price: { prompt: -1 } } }, "provider.max_price.prompt"],
  [{ provider: { max_price: { completion: [1], prompt: true } } }, "provider.max_price.prompt"],
  [{ provider: { max_price: { prompt: { toString: null } } } }, "provider.max_price.prompt"],
  [{ service_tier: "priority" }, "service_tier"],
  [{ service_tier: "fast" }, "service_tier"],
  [{ service_tier: ["priority"] }, "service_tier"],
  [{ service_tier: { toString: null, valueOf: null } }, "service_tier"],
  [{ speed: "fast" }, "speed"],
];

for (const [fields, field] of REJECTED) {
  Deno.test(`rejects ${JSON.stringify(fields)} when a ceiling is set`, () => {
    const error = assertThrows(() => apply(CHAT, fields, CEILINGS), ApiError);
    assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
    assertEquals(error.message.split('"')[1], field);
  });
}

Deno.test("judges a price of many digits in linear time", { timeout: 60_000 }, () => {
  const fields = { provider: { max_price: { prompt: "1".repeat(2_000_000) + "x" } } };
  assertThrows(() => apply(CHAT, fields, CEILINGS), ApiError, "provider.max_price.prompt");
});

function apply(path: string, fields: Fields, values: Record<string, string>): Fields {
  return applyPriceCeiling(path, fields, createSettings({ get: (name) => values[name] }));
}
