/** The simulated Pinata and PinMe, without the functions in between. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { readEvents, serve, type Server } from "./openrouter_server.ts";

const MODEL = "anthropic/claude-sonnet-4-6";
const messages = [{ role: "user", content: "Why is the sky blue?" }];

function askPinata(
  { url }: Server,
  fields: Record<string, unknown> = {},
  key = "Bearer pinata-test",
): Promise<Response> {
  return fetch(new URL("/v0/llm/chat/completions", url), {
    method: "POST",
    headers: { Authorization: key },
    body: JSON.stringify({ model: MODEL, messages, ...fields }),
  });
}

function askPinme(
  { url }: Server,
  fields: Record<string, unknown> = {},
  { key = "pinme-shop", query = "?project_name=shop" } = {},
): Promise<Response> {
  return fetch(new URL(`/pinme/api/v1/chat/completions${query}`, url), {
    method: "POST",
    headers: key ? { "X-API-Key": key } : {},
    body: JSON.stringify({ model: "openai/gpt-4o-mini", messages, ...fields }),
  });
}

Deno.test("Pinata returns OpenAI's form, whole and streamed, and bills", async () => {
  await using server = serve();
  const whole = await askPinata(server);
  assertEquals(whole.headers.get("x-generation-id"), null);
  const { id, model, provider, choices, usage } = await whole.json();
  assert(id.startsWith("chatcmpl-"), id);
  assertEquals([model, provider, usage.cost], [MODEL, undefined, undefined]);
  const chunks = await readEvents(await askPinata(server, { stream: true }));
  assertEquals(chunks.pop(), "[DONE]");
  const text = chunks.map(({ choices }) => choices[0].delta.content).join("");
  assertEquals(text, choices[0].message.content);
  assertEquals([chunks.at(-1).usage, chunks[0].model], [usage, MODEL]);
  assertEquals(server.bill().generations, 2);
  assertGreater(server.bill().total, 0);
});

const LIMITS: [given: Record<string, unknown>, forwarded: Record<string, unknown>][] = [
  [{}, { max_tokens: 4096 }],
  [{ max_tokens: 9 }, { max_tokens: 9 }],
  [{ max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
  [{ model: "openai/gpt-5-mini" }, { max_completion_tokens: 4096 }],
  [{ model: "openai/gpt-5-mini", max_tokens: 99 }, { max_completion_tokens: 99 }],
];
for (const [given, limit] of LIMITS) {
  Deno.test(`Pinata passes ${JSON.stringify(given)} on with ${JSON.stringify(limit)}`, async () => {
    await using server = serve();
    assertEquals((await (await askPinata(server, given)).json()).error, undefined);
    const { max_tokens, max_completion_tokens } = server.requests[0]!.forwarded!;
    assertEquals(JSON.stringify({ max_tokens, max_completion_tokens }), JSON.stringify(limit));
  });
}

const PINATA_REFUSALS: [kind: string, status: number, message: string, ask: typeof askPinata][] = [
  ["no key", 401, "Missing API key", (server) => askPinata(server, {}, "")],
  ["a wrong key", 401, "Invalid API key", (server) => askPinata(server, {}, "Bearer sk-or-v1-x")],
  [
    "a revoked key",
    401,
    "API key has been revoked",
    (server) => askPinata(server, {}, "Bearer pinata-revoked"),
  ],
  ["a model by OpenRouter's name", 404, "The model `anthropic/claude-sonnet-4.6` does not exist", (
    server,
  ) => askPinata(server, { model: "anthropic/claude-sonnet-4.6" })],
  [
    "what it does not know",
    400,
    "Unrecognized request argument supplied: provider",
    (server) => askPinata(server, { provider: {} }),
  ],
  [
    "what its provider refuses",
    400,
    "Invalid parameter: messages with role 'tool' must be a " +
    "response to a preceding message with 'tool_calls'.",
    (server) =>
      askPinata(server, { messages: [{ role: "tool", content: "x", tool_call_id: "1" }] }),
  ],
];
for (const [kind, status, message, ask] of PINATA_REFUSALS) {
  Deno.test(`Pinata refuses ${kind} in OpenAI's shape`, async () => {
    await using server = serve();
    const response = await ask(server);
    assertEquals([response.status, await response.json()], [status, { error: { message } }]);
    assertEquals(server.bill().generations, 0);
  });
}

Deno.test("Pinata returns the balance beside the error or inside it", async () => {
  await using server = serve();
  const ask = async (simulate: Simulation) => await (await askPinata(server, { simulate })).json();
  const beside = await ask({ credits: 0.00001 });
  assertEquals([beside.availableMicrocredits, beside.error.availableMicrocredits], [10, undefined]);
  const inside = await ask({ credits: 0.00001, microcredits: "inside" });
  assertEquals([inside.availableMicrocredits, inside.error.availableMicrocredits], [undefined, 10]);
  const nowhere = await ask({ credits: 0, microcredits: "nowhere" });
  assertEquals(JSON.stringify(nowhere).includes("availableMicrocredits"), false);
});

Deno.test("Pinata lists models without a key, as an array with prices per million tokens", async () => {
  await using server = serve();
  const models = await (await fetch(new URL("/v0/llm/models", server.url))).json();
  assertEquals(models.find((model: { model_id: string }) => model.model_id === MODEL), {
    model_id: MODEL,
    input_usd_per_1m_tokens: 3,
    output_usd_per_1m_tokens: 15,
    cache_read_usd_per_1m_tokens: 0.3,
  });
});

Deno.test("PinMe passes on OpenRouter's bodies, streams and errors unchanged", async () => {
  await using server = serve();
  const response = await askPinme(server);
  const { id, usage } = await response.json();
  assertEquals(response.headers.get("x-generation-id"), id);
  assertGreater(usage.cost, 0);
  assertEquals((await readEvents(await askPinme(server, { stream: true }))).at(-1), "[DONE]");
  assertEquals(server.bill().generations, 2);
  const refused = await askPinme(server, { simulate: { status: 403 } });
  const { error } = await refused.json();
  assertEquals([refused.status, error.metadata.error_type], [403, "content_policy_violation"]);
});

Deno.test("PinMe lists OpenRouter's models when the key is valid", async () => {
  await using server = serve();
  const list = (headers: Record<string, string>) =>
    fetch(new URL("/pinme/api/v1/models", server.url), { headers });
  assertEquals((await (await list({})).json()).data.error, "X-API-Key header is required");
  assertGreater((await (await list({ "X-API-Key": "pinme-shop" })).json()).data.length, 5);
});

const PINME_REFUSALS: [status: number, error: string, ask: typeof askPinme][] = [
  [401, "X-API-Key header is required", (server) => askPinme(server, {}, { key: "" })],
  [401, "Invalid API key", (server) => askPinme(server, {}, { key: "nonsense" })],
  [
    401,
    "Invalid API key or project name",
    (server) => askPinme(server, {}, { query: "?project_name=other" }),
  ],
  [400, "project_name is required", (server) => askPinme(server, {}, { query: "" })],
  [
    413,
    "Request body too large (max 1MB)",
    (server) => askPinme(server, { user: "ü".repeat(600_000) }),
  ],
  ...([
    [400, "LLM service not configured for this project", "not_configured"],
    [403, "Insufficient balance, please recharge to continue using LLM service", "no_balance"],
    [500, "Failed to build request", "build_failed"],
    [502, "LLM service unavailable", "unavailable"],
  ] as const).map(([status, error, envelope]): typeof PINME_REFUSALS[number] => [
    status,
    error,
    (server) => askPinme(server, { simulate: { envelope } }),
  ]),
];
for (const [status, error, ask] of PINME_REFUSALS) {
  Deno.test(`PinMe returns "${error}" in its envelope`, async () => {
    await using server = serve();
    const response = await ask(server);
    const msg = status === 400 ? "invalid params" : "error";
    assertEquals([response.status, await response.json()], [status, {
      code: status,
      msg,
      data: { error },
    }]);
    assertEquals(server.bill().generations, 0);
  });
}

Deno.test("sends an envelope as often as requested", async () => {
  await using server = serve();
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const response = await askPinme(server, { simulate: { envelope: "unavailable", times: 2 } });
    statuses.push(response.status);
    await response.body?.cancel();
  }
  assertEquals(statuses, [502, 502, 200]);
});
