/** The calls of Pinata's documentation, with `v1` as the base URL and the session token as the key. */
import { assertEquals, assertRejects } from "@std/assert";
import OpenAI, { APIError } from "openai";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { readAnswer, type Served, serveFunctions } from "./served.ts";

const MODEL = "openai/gpt-4o-mini";
const messages = [{ role: "user" as const, content: PROMPT }];

Deno.test("Pinata: OpenAI's SDK completes a chat", async () => {
  await using served = await serveFunctions();
  const completion = await connect(served).chat.completions.create({ model: MODEL, messages });
  assertEquals([completion.object, completion.model], ["chat.completion", MODEL]);
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
  const response = await fetch(`${served.url}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: MODEL, messages, stream: true }),
  });
  assertEquals(await readAnswer(response), text);
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

Deno.test("Pinata: an error has OpenAI's shape", async () => {
  await using served = await serveFunctions();
  const client = connect(served, "not-a-token");
  const failed = await assertRejects(
    () => client.chat.completions.create({ model: MODEL, messages }),
    APIError,
  );
  assertEquals([failed.status, typeof Object(failed.error).message], [401, "string"]);
});

function connect({ url }: Served, apiKey = TOKEN): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
}
