import { assertEquals, assertMatch } from "@std/assert";
import handler, { embeddingsBody } from "../functions/embeddings/index.ts";
import { embeddingsRequest } from "../functions/embeddings/schema.ts";
import { createInsForge } from "./shared/fake_insforge.ts";
import { API_KEY, createEnvironment, logs, OPAQUE_USER, send } from "./support/caller.ts";
import { createUpstream, type Received } from "./support/upstream.ts";

/** Responds with one vector per text that identifies the text, in reverse order. */
function embed({ body }: Received) {
  const data = body.input.map((text: string, index: number) => ({
    object: "embedding",
    index,
    embedding: [Number(text), 0.5],
  }));
  const usage = { prompt_tokens: body.input.length, total_tokens: body.input.length, cost: 0.001 };
  return { json: { object: "list", model: "text-embedding-3-small", data: data.reverse(), usage } };
}

Deno.test("a usual request of embeddings is one that the schema accepts", () => {
  const usual = [{ input: "a" }, { input: ["a", "b"], model: "openai/small" }];
  const others = [
    ...[{}, { input: "" }, { input: [] }, { input: ["a", ""] }, { input: [["a"]] }],
    ...[{ input: 1 }, { input: null }, { input: "a", model: "" }, { input: "a", dimensions: 2 }],
  ];
  for (const value of usual) {
    assertEquals([embeddingsBody.isUsual(value), embeddingsRequest.safeParse(value).success], [
      true,
      true,
    ]);
  }
  for (const value of others) assertEquals(embeddingsBody.isUsual(value), false);
});

Deno.test("POST /embeddings returns one vector for a text, and requests floats", async () => {
  await using upstream = await createUpstream();
  upstream.reply(embed);
  const { status, body } = await send(handler, environmentOf(upstream), {
    input: "7",
    input_type: "search_query",
    dimensions: 2,
  });
  assertEquals(status, 200);
  assertEquals(body, {
    embeddings: [[7, 0.5]],
    model: "text-embedding-3-small",
    dimensions: 2,
    usage: { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1, cost: 0.001 },
  });
  assertEquals(upstream.requests[0]!.path, "/api/v1/embeddings");
  assertEquals(upstream.requests[0]!.body, {
    input: ["7"],
    input_type: "search_query",
    dimensions: 2,
    model: "openai/text-embedding-3-small",
    encoding_format: "float",
    user: OPAQUE_USER,
  });
});

Deno.test("POST /embeddings sends many texts in batches and keeps their order", async () => {
  await using upstream = await createUpstream();
  upstream.reply(embed, embed, embed);
  const input = Array.from({ length: 250 }, (_, i) => String(i));
  const { body } = await send(handler, environmentOf(upstream), { input });
  assertEquals(body.embeddings.map(([first]: number[]) => String(first)), input);
  assertEquals(upstream.requests.map(({ body }) => body.input.length).sort(), [100, 100, 50]);
  assertEquals(body.usage.prompt_tokens, 250);
  assertEquals(logs.at(-1)!.prompt_tokens, 250);
});

Deno.test("POST /embeddings reserves for the texts of all batches, even when the first batch is short", async () => {
  await using ledger = createInsForge();
  const refusal = { refused: "in_flight", retry_after: 9 };
  ledger.replyAlways(200, { decisions: [refusal], look_ups: [], prices_due: false });
  const environment = createEnvironment({
    ...{ INSFORGE_BASE_URL: ledger.url, API_KEY, USER_TOKENS_PER_DAY: "1000" },
  });
  for (const letter of ["x", "ж"]) {
    const input = Array.from({ length: 300 }, (_, i) => letter.repeat(i < 100 ? 1 : 2_000));
    const { status } = await send(handler, environment, { input });
    assertEquals(status, 429);
    const [{ tokens, parts }] = JSON.parse(ledger.requests.at(-1)!.text).reservations;
    const bytes = new TextEncoder().encode(input.join("")).length;
    assertEquals(tokens > bytes / 3, true, `only ${tokens} tokens are held`);
    assertEquals(parts.length, 3, "one part for each batch");
  }
});

Deno.test("POST /embeddings starts no further batch after one has failed", async () => {
  await using upstream = await createUpstream();
  const refuse = { status: 400, json: { error: { code: 400, message: "Input is too long" } } };
  // All batches in flight get the error, because any of their responses may be read first.
  upstream.reply(refuse, refuse, refuse, refuse);
  const input = Array.from({ length: 1_000 }, (_, i) => String(i));
  const { status, body } = await send(handler, environmentOf(upstream), { input });
  assertEquals([status, body.message], [400, "Input is too long"]);
});

Deno.test("POST /embeddings rejects a response whose vectors are missing, empty or not numbers", async () => {
  await using upstream = await createUpstream();
  for (const data of [[], undefined, [{ index: 0, embedding: [] }], [{ embedding: "AACAPw==" }]]) {
    upstream.reply({ json: { object: "list", model: "m", data } });
    const { status, body } = await send(handler, environmentOf(upstream), { input: "1" });
    assertEquals([status, body.error], [502, "AI_UPSTREAM_UNAVAILABLE"]);
  }
});

Deno.test("POST /embeddings rejects dimensions that the model does not have", async () => {
  await using upstream = await createUpstream();
  upstream.reply(embed);
  const request = { input: "1", dimensions: 256 };
  const { status, body } = await send(handler, environmentOf(upstream), request);
  assertEquals(status, 400);
  assertMatch(body.message, /^"dimensions" must be 2 or left out/);
});

for (
  const [body, message] of [
    [{ input: "" }, '"input" must not be empty'],
    [{ input: [] }, '"input" must be a non-empty array'],
    [{ input: ["a", ""] }, '"input[1]" must not be empty'],
    [{ input: ["a", 5] }, '"input[1]" must be a string'],
    [{ input: 5 }, '"input" must be a string or an array'],
    [{ input: "a", dimensions: 0 }, '"dimensions" must be 1 or more'],
    [{ input: "a", encoding_format: "base64" }, '"encoding_format" must be "float"'],
  ] as [unknown, string][]
) {
  Deno.test(`POST /embeddings rejects ${JSON.stringify(body)}`, async () => {
    const answer = await send(handler, createEnvironment(), body);
    assertEquals([answer.status, answer.body.message], [400, message]);
  });
}

function environmentOf({ url }: { url: string }) {
  return createEnvironment({ OPENROUTER_BASE_URL: url });
}
