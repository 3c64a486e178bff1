/** The description of chatbot-ui's OpenRouter route, step by step: `stream` takes its place. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startStack } from "../../tools/local/stack.ts";
import { TOKEN } from "../support/caller.ts";
import { getAccessToken } from "../support/session.ts";
import { readAnswer, type Served, serveFunctions } from "./served.ts";

const body = {
  chatSettings: { model: "openai/gpt-4o-mini", temperature: 0.5, contextLength: 4096 },
  messages: [{ role: "user", content: "Which café in Łódź serves espresso?" }],
};

Deno.test("chatbot-ui: streams the plain text of the answer to its own body", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, body, { Accept: "text/plain" });
  const text = await response.text();
  assertEquals([response.status, response.headers.get("content-type")], [
    200,
    "text/plain; charset=utf-8",
  ]);
  assert(text.includes("café"), text);
  assertEquals(await readAnswer(await ask(served, body)), text);
  const { model, temperature, stream } = served.openRouter.requests[0]!.body;
  assertEquals([model, temperature, stream], ["openai/gpt-4o-mini", 0.5, true]);
});

Deno.test("chatbot-ui: an error is JSON with a status and a message", async () => {
  await using served = await serveFunctions();
  const chatSettings = { ...body.chatSettings, model: "no/such-model" };
  const response = await ask(served, { ...body, chatSettings }, { Accept: "text/plain" });
  const { message } = await response.json();
  assertEquals([response.status, typeof message], [400, "string"]);
});

Deno.test("chatbot-ui: max_tokens that JSON leaves out, and parts with images, are understood", async () => {
  await using served = await serveFunctions();
  const content = [
    { type: "text", text: "What is this?" },
    { type: "image_url", image_url: { url: "https://shop.example/shoe.jpg" } },
  ];
  const messages = [{ role: "system", content: "Be brief" }, { role: "user", content }];
  const response = await ask(served, { ...body, messages, max_tokens: undefined });
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(served.openRouter.requests[0]!.body.messages, messages);
});

Deno.test("chatbot-ui: a user without a key gets the words that the page replaces by advice", async () => {
  const values: Record<string, string> = {
    ...{ PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0", REQUIRE_USER_KEY: "true" },
    KEYS_ENCRYPTION_KEY: btoa("0123456789abcdef0123456789abcdef"),
    CONNECT_RETURN_URLS: "https://app.example.com/settings",
  };
  await using stack = await startStack({ get: (name) => values[name] });
  const response = await fetch(`${stack.functionsUrl}/stream`, {
    method: "POST",
    headers: { Authorization: `Bearer ${await getAccessToken(stack)}`, Accept: "text/plain" },
    body: JSON.stringify(body),
  });
  const { message } = await response.json();
  assertEquals(response.status, 403);
  assertStringIncludes(message.toLowerCase(), "api key not found");
});

function ask({ url }: Served, content: unknown, headers: Record<string, string> = {}) {
  return fetch(`${url}/stream`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
    body: JSON.stringify(content),
  });
}
