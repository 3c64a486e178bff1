import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { chooseGateway } from "../../../shared/gateway/gateway.ts";
import type { Settings } from "../../../shared/settings.ts";
import { CHAT, PINATA, PINME, read } from "./settings.ts";

Deno.test("chooses OpenRouter when AI_GATEWAY is not set, and the named gateway otherwise", () => {
  const gateways = [{}, { AI_GATEWAY: "openrouter" }, PINATA, PINME].map((values) =>
    chooseGateway(read(values))
  );
  assertEquals(gateways.map(({ title }) => title), ["OpenRouter", "OpenRouter", "Pinata", "PinMe"]);
});

Deno.test("sends the app's name and the key of one request with no other request", () => {
  const headersFor = (settings: Settings, caller: Record<string, string>, key?: string) => {
    const { toHeaders } = chooseGateway(settings, new Headers(caller)).request("/models");
    const headers = toHeaders(key);
    return [headers.Authorization, headers["X-Title"]];
  };
  const settings = read({ OPENROUTER_API_KEY: "sk-1" });
  assertEquals(headersFor(settings, { "X-Title": "One" }), ["Bearer sk-1", "One"]);
  assertEquals(headersFor(settings, {}), ["Bearer sk-1", undefined]);
  assertEquals(headersFor(settings, {}, "sk-user"), ["Bearer sk-user", undefined]);
  assertEquals(headersFor(settings, { "X-Title": "Two" }), ["Bearer sk-1", "Two"]);
  assertEquals(headersFor(settings, {}), ["Bearer sk-1", undefined]);
  assertEquals(headersFor(read({ OPENROUTER_API_KEY: "sk-2" }), {}), ["Bearer sk-2", undefined]);
});

Deno.test("OpenRouter and PinMe support provider and plugins, Pinata does not", () => {
  const rows = [{}, PINME, PINATA].map((values) => {
    const gateway = chooseGateway(read(values));
    return [gateway.supports("provider"), gateway.supports("plugins")];
  });
  assertEquals(rows, [[true, true], [true, true], [false, false]]);
});

const UNSUPPORTED = ["/embeddings", "/images", "/responses", "/videos", "/generation", "/key"];
for (const values of [PINATA, PINME]) {
  for (const path of UNSUPPORTED) {
    Deno.test(`rejects ${path} with a 400 when the gateway is ${values.AI_GATEWAY}`, () => {
      const gateway = chooseGateway(read(values));
      assertEquals([gateway.supports(path as "/x"), gateway.supports("/models")], [false, true]);
      const error = assertThrows(() => gateway.request(`${path}?id=1`, {}), ApiError);
      assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
      assertEquals(error.message, `"${path}" is not available with ${gateway.title}`);
    });
  }
}

const MISSING: [values: Record<string, string>, name: string, code: string][] = [
  [{}, "OPENROUTER_API_KEY", "AI_INVALID_API_KEY"],
  [{ AI_GATEWAY: "pinata" }, "PINATA_LLM_KEY", "AI_INVALID_API_KEY"],
  [{ ...PINME, PINME_API_KEY: "" }, "PINME_API_KEY", "AI_INVALID_API_KEY"],
  [{ ...PINME, PINME_PROJECT_NAME: " " }, "PINME_PROJECT_NAME", "AI_INVALID_API_KEY"],
  [{ AI_GATEWAY: "constructor" }, "AI_GATEWAY", "INTERNAL_ERROR"],
];
for (const [values, name, code] of MISSING) {
  Deno.test(`throws a 500 that names ${name} when the settings are ${JSON.stringify(values)}`, () => {
    const error = assertThrows(
      () => chooseGateway(read(values)).request("/chat/completions", CHAT).toHeaders(),
      ApiError,
    );
    assertEquals([error.status, error.code], [500, code]);
    assertMatch(error.message, new RegExp(`^The setting ${name} (is missing; it )?must be `));
  });
}
