/** The calls of PinMe's documentation, with `v1` as the base URL and the session token as the key. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { readAnswer, type Served, serveFunctions } from "./served.ts";

const messages = [{ role: "user", content: PROMPT }];

Deno.test("PinMe: lists models with X-API-Key", async () => {
  await using served = await serveFunctions();
  const response = await fetch(`${served.url}/v1/models`, { headers: { "X-API-Key": TOKEN } });
  const { data } = await response.json();
  assert(data.some(({ id }: { id: string }) => id === "openai/gpt-4o-mini"));
});

Deno.test("PinMe: completes a chat, with project_name in the query", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, { model: "openai/gpt-4o-mini", messages });
  const { choices, usage } = await response.json();
  assertEquals([response.status, choices[0].finish_reason], [200, "stop"]);
  assertEquals(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
});

Deno.test("PinMe: streams events that a reader of lines understands", async () => {
  await using served = await serveFunctions();
  const body = { model: "openai/gpt-4o-mini", messages };
  const whole = (await (await ask(served, body)).json()).choices[0].message.content;
  assertEquals(await readAnswer(await ask(served, { ...body, stream: true })), whole);
});

Deno.test("PinMe: searches the web with OpenRouter's server tool, within its bounds", async () => {
  await using served = await serveFunctions();
  const parameters = { engine: "auto", max_results: 5, max_total_results: 10 };
  const tools = [{ type: "openrouter:web_search", parameters }];
  const response = await ask(served, { model: "openai/gpt-4o-mini", messages, tools });
  assertEquals(response.status, 200);
  assertEquals(served.openRouter.requests.at(-1)!.body.tools, tools);
  await response.body?.cancel();
});

Deno.test("PinMe: an error has its message where the documented code looks for it", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, { messages: [] });
  const body = await response.json();
  assertEquals(response.status, 400);
  // Neither field of PinMe's own envelope hides the message.
  assertEquals(["data" in body, "msg" in body], [false, false]);
  assertStringIncludes(body.error.message, '"messages"');
});

Deno.test("PinMe: returns 401 without X-API-Key", async () => {
  await using served = await serveFunctions();
  const response = await ask(served, { messages }, {});
  assertEquals(response.status, 401);
  await response.body?.cancel();
});

function ask({ url }: Served, body: unknown, key: Record<string, string> = { "X-API-Key": TOKEN }) {
  return fetch(`${url}/v1/chat/completions?project_name=${encodeURIComponent("my shop")}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...key },
    body: JSON.stringify(body),
  });
}
