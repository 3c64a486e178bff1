/** The call of chatbot-ui's OpenRouter route, made to `stream`. */
import { assert, assertEquals } from "@std/assert";
import { TOKEN } from "../support/caller.ts";
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

function ask({ url }: Served, content: unknown, headers: Record<string, string> = {}) {
  return fetch(`${url}/stream`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
    body: JSON.stringify(content),
  });
}
