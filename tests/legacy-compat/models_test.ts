import { assertEquals } from "@std/assert";
import handler from "../../functions/legacy-compat/index.ts";
import { createEnvironment, send, TOKEN } from "../support/caller.ts";
import { createUpstream, type Upstream } from "../support/upstream.ts";

const MODELS = { path: "/legacy-compat/ai/models", method: "GET" };
const KEYS = { ANON_KEY: "anon_0123", API_KEY: "ik_0123" };

Deno.test("GET /ai/models lists and sorts the models with prices, and caches them", async () => {
  await using upstream = await createUpstream();
  const architecture = { input_modalities: ["image", "text", ""], output_modalities: ["text"] };
  upstream.reply({
    json: {
      data: [
        { id: "zed/z", architecture, pricing: { prompt: "-1", completion: "0" } },
        { id: "google/g", architecture: { input_modalities: ["text"], output_modalities: [] } },
        {
          id: "openai/o",
          created: 1,
          architecture,
          pricing: { prompt: "0.0000000055", completion: "0.00000015" },
        },
        {
          id: "anthropic/a",
          architecture: { input_modalities: ["speech", "audio"], output_modalities: ["image"] },
          pricing: { prompt: "0.000003", completion: "0.000015" },
        },
      ],
    },
  });
  const environment = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const list = () => send(handler, environment, undefined, { ...MODELS, token: KEYS.API_KEY });
  const { body } = await list();
  const kept = {
    provider: "openrouter",
    inputModality: ["text", "image"],
    outputModality: ["text"],
  };
  assertEquals(body, [
    {
      ...kept,
      id: "openai/o",
      modelId: "openai/o",
      created: 1,
      inputPrice: 0.0055,
      outputPrice: 0.15,
      inputPriceLabel: "$0.0055 / M tokens",
      outputPriceLabel: "$0.15 / M tokens",
    },
    {
      ...kept,
      id: "anthropic/a",
      modelId: "anthropic/a",
      inputModality: ["audio", "speech"],
      outputModality: ["image"],
    },
    {
      ...kept,
      id: "zed/z",
      modelId: "zed/z",
      inputPrice: 0,
      outputPrice: 0,
      inputPriceLabel: "Free",
      outputPriceLabel: "Free",
    },
  ]);
  assertEquals((await list()).body, body);
  assertEquals(upstream.requests.length, 1);
});

Deno.test("GET /ai/models requires the API key", async () => {
  const environment = createEnvironment({ ...KEYS, LEGACY_ALLOW_API_KEY: "true" });
  for (
    const [token, status, code] of [
      [null, 401, "AUTH_INVALID_CREDENTIALS"],
      [KEYS.ANON_KEY, 401, "AUTH_UNAUTHORIZED"],
      [TOKEN, 403, "AUTH_UNAUTHORIZED"],
    ] as const
  ) {
    const answer = await send(handler, environment, undefined, { ...MODELS, token });
    assertEquals([answer.status, answer.body.error], [status, code]);
  }
});

Deno.test("GET /ai/models requests the list again after an hour, and serves the old one when that fails", async () => {
  await using upstream = await createUpstream();
  const environment = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const list = async () => {
    const answer = await send(handler, environment, undefined, { ...MODELS, token: KEYS.API_KEY });
    return [answer.status, answer.body.map(({ id }: { id: string }) => id)];
  };
  upstream.reply({ json: { data: [toModel("a/old")] } });
  assertEquals(await list(), [200, ["a/old"]]);

  const realNow = Date.now;
  const listedAt = Date.now();
  try {
    Date.now = () => listedAt + 3_600_001;
    upstream.reply({ status: 400, json: { error: { message: "No" } } });
    assertEquals(await list(), [200, ["a/old"]]);
    assertEquals(await list(), [200, ["a/old"]]); // from the cache

    Date.now = () => listedAt + 3_605_002;
    upstream.reply({ json: { data: [toModel("a/new")] } });
    assertEquals(await list(), [200, ["a/new"]]);
  } finally {
    Date.now = realNow;
  }
});

Deno.test("GET /ai/models returns 503 after three attempts when the gateway fails", async () => {
  await using upstream = await createUpstream();
  upstream.reply(...Array(3).fill({ status: 500, json: { error: { message: "x" } } }));
  const environment = environmentOf(upstream, { LEGACY_ALLOW_API_KEY: "true" });
  const options = { ...MODELS, token: KEYS.API_KEY };
  const { status, body } = await send(handler, environment, undefined, options);
  const message = "Upstream AI models catalog is temporarily unavailable.";
  assertEquals([status, body.error, body.message], [503, "AI_UPSTREAM_UNAVAILABLE", message]);
  assertEquals(upstream.requests.length, 3);
});

function toModel(id: string) {
  const architecture = { input_modalities: ["text"], output_modalities: ["text"] };
  return { id, architecture, pricing: { prompt: "0", completion: "0" } };
}

function environmentOf(upstream: Upstream, values: Record<string, string> = {}) {
  return createEnvironment({ ...KEYS, OPENROUTER_BASE_URL: upstream.url, ...values });
}
