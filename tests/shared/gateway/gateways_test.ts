import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import {
  createGatewayRequest,
  requireGatewayKey,
  requireUserKeysTaken,
  toGatewayAddress,
  toGatewayHeaders,
} from "../../../shared/gateway/gateways.ts";
import { createSettings } from "../../../shared/settings.ts";

const ATTRIBUTION = { OPENROUTER_SITE_URL: "https://app.example", OPENROUTER_APP_NAME: "My app" };
const PINATA = { AI_GATEWAY: "pinata", PINATA_LLM_KEY: "p1n", ...ATTRIBUTION };
const PINME = {
  AI_GATEWAY: "pinme",
  PINME_API_KEY: "pm-1",
  PINME_PROJECT_NAME: "my proj&x",
  ...ATTRIBUTION,
};
const chat = { model: "openai/gpt-4o", messages: [{ role: "user", content: "Hi" }] };
const JSON_CONTENT = { "Content-Type": "application/json" };

function read(values: Record<string, string>) {
  return createSettings({ get: (name) => values[name] });
}

Deno.test("OpenRouter is asked unless another gateway is chosen, for anything, under the app's name", () => {
  const settings = read({ OPENROUTER_API_KEY: "sk", ...ATTRIBUTION });
  const params = { ...chat, provider: { sort: "price" }, models: ["a"] };
  const { url, body, asked, toAnswer } = createGatewayRequest(settings, "/responses", params);
  assertEquals(url, "https://openrouter.ai/api/v1/responses");
  assertEquals(body, JSON.stringify(params));
  assertEquals(asked.title, "OpenRouter");
  const list = [{ model_id: "x" }];
  assertEquals(toAnswer(list), list);
  assertEquals(toGatewayHeaders(settings, requireGatewayKey(settings)), {
    "Authorization": "Bearer sk",
    "HTTP-Referer": "https://app.example",
    "X-OpenRouter-Title": "My app",
    "X-Title": "My app",
    ...JSON_CONTENT,
  });
});

Deno.test("Pinata is asked with its own key, and not told the app's name", () => {
  const settings = read(PINATA);
  const { url, body } = createGatewayRequest(settings, "/chat/completions", chat);
  assertEquals(url, "https://agents.pinata.cloud/v0/llm/chat/completions");
  assertEquals(body, JSON.stringify(chat));
  assertEquals(toGatewayHeaders(settings, requireGatewayKey(settings)), {
    "Authorization": "Bearer p1n",
    ...JSON_CONTENT,
  });
  assertEquals(settings.OPENROUTER_CHAT_MODEL, "anthropic/claude-sonnet-4-6");
  const chosen = read({ ...PINATA, OPENROUTER_CHAT_MODEL: "openai/gpt-4o" });
  assertEquals(chosen.OPENROUTER_CHAT_MODEL, "openai/gpt-4o");
});

Deno.test("PinMe is asked for a project, with its key in a header of its own", () => {
  const settings = read(PINME);
  const params = { ...chat, plugins: [{ id: "web" }], models: ["a"] };
  const { url, body } = createGatewayRequest(settings, "/chat/completions", params);
  assertEquals(url, "https://pinme.cloud/api/v1/chat/completions?project_name=my+proj%26x");
  assertEquals(new URL(url).searchParams.get("project_name"), "my proj&x");
  assertEquals(body, JSON.stringify(params));
  assertEquals(toGatewayHeaders(settings, requireGatewayKey(settings)), {
    "X-API-Key": "pm-1",
    ...JSON_CONTENT,
  });
  const models = createGatewayRequest(settings, "/models?output_modalities=all");
  assertMatch(models.url, /\/api\/v1\/models\?output_modalities=all&project_name=my\+proj%26x$/);
  assertEquals([models.body, settings.OPENROUTER_CHAT_MODEL], [undefined, "openai/gpt-4o-mini"]);
});

const LACKING = ["/embeddings", "/images", "/responses", "/videos", "/generation?id=gen-1", "/key"];
for (const values of [PINATA, PINME]) {
  for (const path of LACKING) {
    Deno.test(`${path} is refused with AI_GATEWAY=${values.AI_GATEWAY}, by its name`, () => {
      const error = assertThrows(() => createGatewayRequest(read(values), path, {}), ApiError);
      assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
      const named = path.split("?")[0];
      const message = `"${named}" is not available with AI_GATEWAY=${values.AI_GATEWAY}`;
      assertEquals(error.message, message);
    });
  }
}

Deno.test("PinMe's megabyte is counted in bytes, to the last one", () => {
  const settings = read(PINME);
  const build = (content: string) =>
    createGatewayRequest(settings, "/chat/completions", { content }).body!;
  const frame = build("").length;
  const room = 1_048_576 - frame;
  for (const filled of ["x".repeat(room), "ü".repeat(room / 2), "🌍".repeat(room / 4)]) {
    const rest = "x".repeat(room - new TextEncoder().encode(filled).length);
    assertEquals(new TextEncoder().encode(build(filled + rest)).length, 1_048_576);
    const error = assertThrows(() => build(filled + rest + "x"), ApiError);
    assertEquals([error.status, error.code], [413, "INVALID_INPUT"]);
    assertMatch(error.message, /must not exceed 1048576 bytes with AI_GATEWAY=pinme/);
  }
});

const MISSING: [values: Record<string, string>, name: string, code: string][] = [
  [{}, "OPENROUTER_API_KEY", "AI_INVALID_API_KEY"],
  [{ AI_GATEWAY: "pinata" }, "PINATA_LLM_KEY", "AI_INVALID_API_KEY"],
  [{ ...PINME, PINME_API_KEY: "" }, "PINME_API_KEY", "AI_INVALID_API_KEY"],
  [{ ...PINME, PINME_PROJECT_NAME: " " }, "PINME_PROJECT_NAME", "AI_INVALID_API_KEY"],
  [{ AI_GATEWAY: "constructor" }, "AI_GATEWAY", "INTERNAL_ERROR"],
];
for (const [values, name, code] of MISSING) {
  Deno.test(`${JSON.stringify(values)} is refused with a 500 that names ${name}`, () => {
    const settings = read(values);
    const error = assertThrows(() => {
      createGatewayRequest(settings, "/chat/completions", chat);
      requireGatewayKey(settings);
    }, ApiError);
    assertEquals([error.status, error.code], [500, code]);
    assertMatch(error.message, new RegExp(`^The setting ${name} (is missing; it )?must be `));
  });
}

Deno.test("Pinata's bare array becomes OpenRouter's list, prices per token in decimals", () => {
  const { url, toAnswer } = createGatewayRequest(read(PINATA), "/models?output_modalities=all");
  assertEquals(url, "https://agents.pinata.cloud/v0/llm/models");
  const prices: [perMillion: unknown, perToken: string][] = [
    [3, "0.000003"],
    [0.15, "0.00000015"],
    [0.0375, "0.0000000375"],
    [0, "0"],
    [10, "0.00001"],
    [2_000_000, "2"],
    ["1.25", "0.00000125"],
    [null, "-1"],
    [undefined, "-1"],
    [-1, "-1"],
    ["free", "-1"],
    ["", "-1"],
    [[], "-1"],
    [Infinity, "-1"],
    [{}, "-1"],
  ];
  const list = prices.map(([price], i) => ({
    model_id: `m-${i}`,
    input_usd_per_1m_tokens: price,
    output_usd_per_1m_tokens: price,
    cache_read_usd_per_1m_tokens: price,
  }));
  const { data } = toAnswer(list) as { data: { id: string; pricing: Record<string, string> }[] };
  assertEquals(data.map(({ id }) => id), list.map(({ model_id }) => model_id));
  assertEquals(
    data.map(({ pricing }) => [pricing.prompt, pricing.completion]),
    prices.map(([, perToken]) => [perToken, perToken]),
  );
  assertEquals([data[0].pricing.input_cache_read, data[7].pricing.input_cache_read], [
    "0.000003",
    undefined,
  ]);
  for (const odd of [{ data: [] }, null, "text"]) assertEquals(toAnswer(odd), odd);
  assertEquals(toAnswer([null, 5, {}]), { data: [], total_count: 0 });
});

Deno.test("a user's own key is for OpenRouter alone", () => {
  requireUserKeysTaken(read({}));
  for (const values of [PINATA, PINME]) {
    const error = assertThrows(() => requireUserKeysTaken(read(values)), ApiError, "AI_GATEWAY");
    assertEquals(error.status, 500);
  }
});

Deno.test("gateways are told apart by their addresses", () => {
  const addresses = [{}, PINATA, PINME].map((values) => toGatewayAddress(read(values)));
  assertEquals(new Set(addresses).size, 3);
});
