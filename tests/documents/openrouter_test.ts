/**
 * The calls of OpenRouter's first documentation, with `v1` as the base URL; `tests/connect_test.ts`
 * makes those of OAuth.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { TOKEN } from "../support/caller.ts";
import { readAnswer, type Served, serveFunctions } from "./served.ts";

const messages = [
  { role: "system", content: "Answer briefly." },
  { role: "user", content: "Is it raining in Lisbon?" },
];
const APP = { "HTTP-Referer": "https://shop.example/", "X-Title": "My shop" };

Deno.test("OpenRouter: completes a chat without a model, and passes the app's name on", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, { messages });
  const { choices, model } = await response.json();
  assertEquals([choices[0].message.role, model], ["assistant", "openai/gpt-4o-mini"]);
  const { headers } = served.openRouter.requests.at(-1)!;
  assertEquals(headers.get("http-referer"), APP["HTTP-Referer"]);
  assertEquals(headers.get("x-title"), APP["X-Title"]);
});

Deno.test("OpenRouter: sends no model when the payer's default is to answer", async () => {
  await using served = await serveFunctions({ OPENROUTER_CHAT_MODEL: "default" });
  const response = await ask(served, { messages });
  await response.body?.cancel(); // a 400, because the simulated account has no default model
  assertEquals("model" in served.openRouter.requests.at(-1)!.body, false);
});

Deno.test("OpenRouter: streams a chat", async () => {
  await using served = await serveFunctions();
  const whole = (await (await ask(served, { messages })).json()).choices[0].message.content;
  assertEquals(await readAnswer(await ask(served, { messages, stream: true })), whole);
});

Deno.test("OpenRouter: passes functions and messages of role function on", async () => {
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

Deno.test("OpenRouter: an error has the status as its code, and a message", async () => {
  await using served = await serveFunctions();
  for (const [body, status] of [[{ messages: [] }, 400], [{ messages, model: "no/such" }, 400]]) {
    const response = await ask(served, body);
    const { error } = await response.json();
    assertEquals([response.status, error.code, typeof error.message], [status, status, "string"]);
  }
});

function ask({ url }: Served, body: unknown): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json", ...APP },
    body: JSON.stringify(body),
  });
}
