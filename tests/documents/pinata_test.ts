/**
 * Pinata's documentation, call by call: the base URL is that of `v1`, and the key is the user's session
 * token. The clients here are written as the documentation describes them.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import OpenAI, { APIError } from "openai";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { readAnswer, type Served, serveFunctions } from "./served.ts";

/** Pinata's spelling, with hyphens alone. */
const MODEL = "anthropic/claude-sonnet-4-6";
const CHOSEN = "anthropic/claude-sonnet-4.6";
const messages = [{ role: "user" as const, content: PROMPT }];

Deno.test("Pinata: OpenAI's SDK completes a chat", async () => {
  await using served = await serveFunctions();
  const completion = await connect(served).chat.completions.create({ model: MODEL, messages });
  assertEquals([completion.object, completion.model], ["chat.completion", CHOSEN]);
  const [choice] = completion.choices;
  assertEquals([choice!.index, choice!.message.role, choice!.finish_reason], [
    0,
    "assistant",
    "stop",
  ]);
});

Deno.test("Pinata: a stream has usage and ends with [DONE]", async () => {
  await using served = await serveFunctions();
  const client = connect(served);
  const chunks = await Array.fromAsync(
    await client.chat.completions.create({ model: MODEL, messages, stream: true }),
  );
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
  assertEquals(
    await readAnswer(await post(served, { model: MODEL, messages, stream: true })),
    text,
  );
  const { usage } = chunks.at(-1)!;
  assertEquals(usage!.total_tokens, usage!.prompt_tokens + usage!.completion_tokens);
});

Deno.test("Pinata: the output limit is 4096 by default, and has the name that the model knows", async () => {
  await using served = await serveFunctions();
  const client = connect(served);
  await client.chat.completions.create({ model: MODEL, messages });
  await client.chat.completions.create({ model: "openai/gpt-5-mini", messages, max_tokens: 999 });
  const limits = served.openRouter.requests
    .filter(({ path }) => path === "/api/v1/chat/completions")
    .map(({ body }) => [body.max_tokens, body.max_completion_tokens]);
  assertEquals(limits, [[4096, undefined], [undefined, 999]]);
});

Deno.test("Pinata, request: a plain POST completes a chat", async () => {
  await using served = await serveFunctions();
  const response = await post(served, { model: MODEL, messages });
  const { id, object, model, choices, usage } = await response.json();
  const [{ index, message, finish_reason }] = choices;
  assertEquals([response.status, object, model], [200, "chat.completion", CHOSEN]);
  assertEquals([index, message.role, finish_reason], [0, "assistant", "stop"]);
  assertEquals(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  assert(id);
});

Deno.test("Pinata, parameters: sampling fields pass through", async () => {
  await using served = await serveFunctions();
  const sampling = { temperature: 0.2, top_p: 0.9, presence_penalty: 1, frequency_penalty: -1 };
  const response = await post(served, { model: MODEL, messages, ...sampling, stop: ["END"] });
  await response.body?.cancel();
  const { body } = served.openRouter.requests.at(-1)!;
  for (const [name, value] of Object.entries({ ...sampling, stop: ["END"] })) {
    assertEquals(body[name], value, name);
  }
});

Deno.test("Pinata, errors: a missing or invalid key is a 401", async () => {
  await using served = await serveFunctions();
  const credentials: Record<string, string>[] = [{}, { Authorization: "Bearer revoked" }];
  for (const headers of credentials) {
    const response = await post(served, { model: MODEL, messages }, headers);
    const { error } = await response.json();
    assertEquals([response.status, error.code, typeof error.message], [401, 401, "string"]);
  }
  const failed = await assertRejects(
    () => connect(served, "not-a-token").chat.completions.create({ model: MODEL, messages }),
    APIError,
  );
  assertEquals([failed.status, typeof Object(failed.error).message], [401, "string"]);
});

Deno.test("Pinata, errors: too few credits are a 402, a rate limit is a 429", async () => {
  await using served = await serveFunctions();
  for (const [status, message] of [[402, /credits/], [429, /rate limit/]] as const) {
    const simulate = { status, times: 9, retry_after: 1_000 };
    const response = await post(served, { model: MODEL, messages, simulate });
    const { error } = await response.json();
    assertEquals([response.status, error.code], [status, status]);
    assertMatch(error.message, message);
  }
});

Deno.test("Pinata, errors: a 402 has availableMicrocredits when Pinata is the gateway", async () => {
  await using served = await serveFunctions({
    AI_GATEWAY: "pinata",
    PINATA_LLM_KEY: "pinata-key",
  });
  for (const microcredits of ["beside", "inside"]) {
    const simulate = { status: 402, microcredits, credits: 0.00001 };
    const response = await post(served, { model: MODEL, messages, simulate });
    const { error, availableMicrocredits } = await response.json();
    assertEquals([response.status, typeof availableMicrocredits], [402, "number"]);
    assertEquals(error.availableMicrocredits, availableMicrocredits);
  }
});

function post(
  { url }: Served,
  body: unknown,
  headers: Record<string, string> = { Authorization: `Bearer ${TOKEN}` },
): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

function connect({ url }: Served, apiKey = TOKEN): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
}
