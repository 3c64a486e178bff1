/**
 * OpenRouter's first documentation, call by call: the base URL is that of `v1`, and the key is the user's
 * session token. `tests/connect_test.ts` makes the calls of OAuth, which the function `connect` serves.
 */
import { ChatOpenAI } from "@langchain/openai";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { TOKEN } from "../support/caller.ts";
import { readAnswer, type Served, serveFunctions } from "./served.ts";

const messages = [
  { role: "system", content: "Answer briefly." },
  { role: "user", content: "Is it raining in Lisbon?" },
];
const APP = { "HTTP-Referer": "https://shop.example/", "X-Title": "My shop" };

Deno.test("OpenRouter, request: completes a chat without a model, and passes the app's name on", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, { messages });
  const { choices, model } = await response.json();
  assertEquals([choices[0].message.role, model], ["assistant", "openai/gpt-4o-mini"]);
  const { headers } = served.openRouter.requests.at(-1)!;
  assertEquals(headers.get("http-referer"), APP["HTTP-Referer"]);
  assertEquals(headers.get("x-title"), APP["X-Title"]);
});

Deno.test("OpenRouter, request: the payer's default model answers when the request has none", async () => {
  await using served = await serveFunctions({ OPENROUTER_CHAT_MODEL: "default" });
  const response = await ask(served, { messages });
  const { model, choices } = await response.json();
  assertEquals([response.status, model, choices[0].finish_reason], [
    200,
    "openai/gpt-4o-mini", // of the simulated account
    "stop",
  ]);
  assertEquals("model" in served.openRouter.requests.at(-1)!.body, false);
});

Deno.test("OpenRouter, request: the models of the examples answer, and name themselves", async () => {
  await using served = await serveFunctions();
  for (const model of ["openai/gpt-3.5-turbo", "openai/gpt-4-32k"]) {
    const answer = await (await ask(served, { model, messages })).json();
    assertEquals(answer.model, model);
  }
});

Deno.test("OpenRouter, request: fields that a model may not have pass through", async () => {
  await using served = await serveFunctions();
  const fields = { top_k: 40, logit_bias: { "50256": -100 }, a_field_of_tomorrow: { on: true } };
  const response = await ask(served, { messages, ...fields });
  assertEquals(response.status, 200);
  await response.body?.cancel();
  const { body } = served.openRouter.requests.at(-1)!;
  for (const [name, value] of Object.entries(fields)) assertEquals(body[name], value, name);
});

Deno.test("OpenRouter, request: streams a chat", async () => {
  await using served = await serveFunctions();
  const whole = (await (await ask(served, { messages })).json()).choices[0].message.content;
  assertEquals(await readAnswer(await ask(served, { messages, stream: true })), whole);
});

Deno.test("OpenRouter, request: passes functions and messages of role function on", async () => {
  await using served = await serveFunctions();
  const name = "get_weather";
  const functions = [{ name, parameters: { type: "object", properties: {} } }];
  const function_call = { name };
  const first = await (await ask(served, { messages, functions, function_call })).json();
  assertEquals(first.choices[0].message.tool_calls[0].function.name, name);
  const result = { role: "function", name, content: '{"rain":"light"}' };
  const call = { role: "assistant", content: null, function_call: { name, arguments: "{}" } };
  const second = await (await ask(served, { messages: [...messages, call, result] })).json();
  assertStringIncludes(second.choices[0].message.content, "light");
  assertEquals(served.openRouter.requests.at(-1)!.body.messages.slice(2), [call, result]);
});

/** The documented error codes: what OpenRouter responds, and what `v1` responds then. */
const CODES: [status: number, received: number, message: RegExp][] = [
  [400, 400, /./],
  [401, 502, /refused this project's API key/], // the key is not the caller's
  [402, 402, /credits/],
  [403, 402, /limit of this project's API key/], // the key's credit limit is reached
  [408, 504, /took too long/],
  [429, 429, /rate limit/],
  [451, 403, /^The request was refused: violence$/],
  [502, 502, /failed/],
];
for (const [status, received, pattern] of CODES) {
  Deno.test(`OpenRouter, errors: a ${status} becomes a ${received} with code and message`, async () => {
    await using served = await serveFunctions();
    const metadata = status === 451 ? { reasons: ["violence"] } : undefined;
    const message = status === 403 ? "Key limit exceeded" : undefined;
    const simulate = { status, times: 9, metadata, message, retry_after: 1_000 };
    const response = await ask(served, { messages, simulate });
    const { error } = await response.json();
    assertEquals([response.status, error.code], [received, received]);
    assertMatch(error.message, pattern);
  });
}

Deno.test("OpenRouter, errors: invalid parameters have code and message", async () => {
  await using served = await serveFunctions();
  for (const body of [{ messages: [] }, { messages, model: "no/such" }]) {
    const response = await ask(served, body);
    const { error } = await response.json();
    assertEquals([response.status, error.code, typeof error.message], [400, 400, "string"]);
  }
});

Deno.test("OpenRouter, errors: an error during the output is an event of the stream", async () => {
  await using served = await serveFunctions();
  const simulate = { fail: "event", after: 2 };
  const response = await ask(served, { messages, stream: true, simulate });
  assertEquals(response.status, 200);
  const last = (await response.text()).trim().split("\n\n").at(-1)!;
  const { error } = JSON.parse(last.slice("data: ".length));
  assertEquals([error.code, typeof error.message], [502, "string"]);
});

Deno.test("OpenRouter, frameworks: LangChain streams with the app's headers", async () => {
  await using served = await serveFunctions();
  const chat = new ChatOpenAI({
    model: "anthropic/claude-instant-v1",
    temperature: 0.8,
    apiKey: TOKEN,
    maxRetries: 0,
    configuration: { baseURL: `${served.url}/v1`, defaultHeaders: APP },
  });
  let text = "";
  for await (const chunk of await chat.stream("Is it raining in Lisbon?")) text += chunk.text;
  assert(text.length > 0);
  const { headers, body } = served.openRouter.requests.at(-1)!;
  assertEquals([body.model, body.temperature, body.stream], [
    "anthropic/claude-instant-v1",
    0.8,
    true,
  ]);
  assertEquals(headers.get("x-title"), APP["X-Title"]);
});

Deno.test("OpenRouter, frameworks: OpenAI's client with another base URL and the app's headers", async () => {
  await using served = await serveFunctions();
  const client = new OpenAI({
    baseURL: `${served.url}/v1`,
    apiKey: TOKEN,
    maxRetries: 0,
    defaultHeaders: APP,
  });
  const { choices } = await client.chat.completions.create({
    model: "openai/gpt-3.5-turbo",
    messages: [{ role: "user", content: "Is it raining in Lisbon?" }],
  });
  assertEquals(choices[0]!.message.role, "assistant");
  const { headers } = served.openRouter.requests.at(-1)!;
  assertEquals(headers.get("http-referer"), APP["HTTP-Referer"]);
});

Deno.test("OpenRouter, 3D objects: each generation is base64 or a URL", async () => {
  await using served = await serveFunctions({ ENABLE_OBJECT_GEN: "true" });
  const request = {
    prompt: "a chair shaped like an avocado",
    num_inference_steps: 32,
    num_outputs: 1,
    extension: "ply",
    model: "openai/shap-e",
  };
  for (const body of [request, { prompt: request.prompt }]) {
    const response = await post(served, "/objects/generations", body);
    const { generations } = await response.json();
    assertEquals([response.status, generations.length], [200, 1]);
    assertEquals(atob(generations[0].uri).slice(0, 3), "ply");
  }
  const { body, headers } = served.openRouter.requests[0]!;
  assertEquals([body, headers.get("x-title")], [request, APP["X-Title"]]);
});

function ask(served: Served, body: unknown): Promise<Response> {
  return post(served, "/chat/completions", body);
}

function post({ url }: Served, path: string, body: unknown): Promise<Response> {
  return fetch(`${url}/v1${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json", ...APP },
    body: JSON.stringify(body),
  });
}
