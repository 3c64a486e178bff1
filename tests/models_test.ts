import { assertEquals } from "@std/assert";
import handler from "../functions/models/index.ts";
import { createEnvironment, send } from "./support/caller.ts";
import { createUpstream, type Upstream } from "./support/upstream.ts";

const CHAT = {
  id: "openai/gpt-4o-mini",
  name: "OpenAI: GPT-4o-mini",
  description: "A small model",
  created: 1_721_260_800,
  context_length: 128_000,
  architecture: { input_modalities: ["text", "image"], output_modalities: ["text"] },
  pricing: {
    prompt: "0.00000015",
    completion: "0.0000006",
    request: "0",
    web_search: "0.01",
    input_cache_read: "0.000000075",
    discount: 0.5,
  },
  top_provider: { max_completion_tokens: 16_384 },
  supported_parameters: ["tools", "temperature"],
};
const FREE = {
  id: "meta-llama/llama-3.3-70b-instruct:free",
  name: "Llama 3.3 (free)",
  created: 1_733_506_137,
  context_length: 131_072,
  architecture: { output_modalities: ["text"] },
  pricing: { prompt: "0", completion: "0" },
  supported_parameters: ["temperature"],
};
const ROUTER = {
  id: "openrouter/auto",
  name: "Auto Router",
  architecture: { output_modalities: ["text"] },
  pricing: { prompt: "-1", completion: "-1", image: "-1" },
};
const VIDEO = {
  id: "google/veo-3.1",
  name: "Veo",
  architecture: { output_modalities: ["video"] },
  pricing: { prompt: "0", completion: "0" },
};
const SPEECH = {
  id: "openai/gpt-4o-mini-tts",
  name: "TTS",
  architecture: { output_modalities: ["speech"] },
  pricing: { prompt: "0.0000006", completion: "0" },
  supported_voices: ["alloy", "ash"],
};
const LIST = { data: [CHAT, FREE, ROUTER, VIDEO, SPEECH] };

Deno.test("GET /models returns prices per million tokens, context and abilities", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: LIST });
  const { status, body } = await get(upstream, "/models");
  assertEquals(status, 200);
  assertEquals(body.models[0], {
    id: "openai/gpt-4o-mini",
    name: "OpenAI: GPT-4o-mini",
    description: "A small model",
    created: 1_721_260_800,
    context_length: 128_000,
    max_output_tokens: 16_384,
    input_modalities: ["text", "image"],
    output_modalities: ["text"],
    supported_parameters: ["tools", "temperature"],
    free: false,
    prices: {
      prompt: 0.15,
      completion: 0.6,
      per_million: { input_cache_read: 0.075 },
      per_unit: { web_search: 0.01 },
    },
  });
  assertEquals(body.models.length, 5);
  assertEquals(body.models[4].voices, ["alloy", "ash"]);
});

Deno.test("GET /models returns null for a negative price, and does not call the model free", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: LIST });
  const { body } = await get(upstream, "/models?q=router");
  assertEquals(body.models.map(({ id }: { id: string }) => id), ["openrouter/auto"]);
  assertEquals([body.models[0].free, body.models[0].prices], [
    false,
    { prompt: null, completion: null },
  ]);
});

Deno.test("GET /models understands rows without details", async () => {
  await using upstream = await createUpstream();
  const pricing = { prompt: {}, completion: "soon", image: null };
  upstream.reply({ json: { data: [{ id: "a/b" }, { id: 5 }, null, { id: "c/d", pricing }] } });
  const { body } = await get(upstream, "/models");
  assertEquals(body.models.map(({ id }: { id: string }) => id), ["a/b", "c/d"]);
  for (const model of body.models) {
    assertEquals(model.prices, { prompt: null, completion: null });
    assertEquals([model.context_length, model.max_output_tokens, model.free], [null, null, false]);
  }
});

const FILTERS: Record<string, string[]> = {
  "modality=text": [CHAT.id, FREE.id, ROUTER.id],
  "modality=speech": [SPEECH.id],
  "modality=3d": [],
  "q=LLAMA+free": [FREE.id],
  "q=": [CHAT.id, FREE.id, ROUTER.id, VIDEO.id, SPEECH.id],
  "free=true": [FREE.id],
  "free=false&modality=text": [CHAT.id, ROUTER.id],
  "supported_parameters=tools,temperature": [CHAT.id],
  "supported_parameters=temperature&sort=name": [FREE.id, CHAT.id],
  "sort=price&modality=text": [FREE.id, CHAT.id, ROUTER.id],
  "sort=context&modality=text": [FREE.id, CHAT.id, ROUTER.id],
  "sort=newest&modality=text": [FREE.id, CHAT.id, ROUTER.id],
};
for (const [query, ids] of Object.entries(FILTERS)) {
  Deno.test(`GET /models?${query} returns ${ids.length} models in their order`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: LIST });
    const { body } = await get(upstream, `/models?${query}`);
    assertEquals(body.models.map(({ id }: { id: string }) => id), ids);
  });
}

for (
  const [query, message] of [
    ["sort=beauty", '"sort" must be one of "name", "price", "context", "newest"'],
    ["free=maybe", '"free" must be one of "true", "false"'],
    ["modality=", '"modality" must not be empty'],
    ["colour=red", '"colour" is not a known field'],
  ] as [string, string][]
) {
  Deno.test(`GET /models rejects ${query}`, async () => {
    const path = `/models?${query}`;
    const { status, body } = await send(handler, createEnvironment(), undefined, {
      method: "GET",
      path,
    });
    assertEquals([status, body.error, body.message], [400, "INVALID_INPUT", message]);
  });
}

Deno.test("GET /models/{id} returns one model on hosts with and without sub-paths", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: LIST });
  for (
    const path of [
      "/models/openai/gpt-4o-mini",
      "/openai/gpt-4o-mini",
      "/models/openai%2Fgpt-4o-mini",
      "/models?route=openai/gpt-4o-mini",
    ]
  ) {
    const { status, body } = await get(upstream, path);
    assertEquals([status, body.id], [200, CHAT.id], path);
  }
});

Deno.test("GET /models hides models that ALLOWED_MODELS does not permit", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: LIST });
  const allowed = { ALLOWED_MODELS: "openai/*" };
  const { body } = await get(upstream, "/models", allowed);
  assertEquals(body.models.map(({ id }: { id: string }) => id), [CHAT.id, SPEECH.id]);
  const hidden = await get(upstream, "/models/google/veo-3.1", allowed);
  assertEquals([hidden.status, hidden.body.error, hidden.body.message], [
    404,
    "AI_INVALID_MODEL",
    'There is no model "google/veo-3.1"',
  ]);
});

function get({ url }: Upstream, path: string, values: Record<string, string> = {}) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
  return send(handler, environment, undefined, { path, method: "GET" });
}
