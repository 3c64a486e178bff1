/**
 * InsForge's AI documentation, call by call: the base URL is that of `v1`, and the key is the user's
 * session token. `tests/legacy-compat_test.ts` makes the calls of the deprecated SDK methods.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createClient } from "@insforge/sdk";
import OpenAI from "openai";
import { startStack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";
import { TOKEN } from "../support/caller.ts";
import { type Served, serveFunctions } from "./served.ts";

Deno.test("InsForge: completes a chat, and passes the app's name on to OpenRouter", async () => {
  await using served = await serveFunctions();
  const completion = await connect(served).chat.completions.create({
    model: "openai/gpt-4o",
    messages: [
      { role: "system", content: "Answer in one word." },
      { role: "user", content: "Which city is the capital of Portugal?" },
    ],
  });
  assertEquals(completion.choices[0]!.finish_reason, "stop");
  const { headers } = served.openRouter.requests.at(-1)!;
  assertEquals(headers.get("http-referer"), "https://shop.example/");
  assertEquals(headers.get("x-title"), "My shop");
});

Deno.test("InsForge: streams a chat of Claude", async () => {
  await using served = await serveFunctions();
  const stream = await connect(served).chat.completions.create({
    model: "anthropic/claude-3.5-haiku",
    messages: [{ role: "user", content: "Write one line about our new release." }],
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
  assert(text.length > 0);
});

Deno.test("InsForge: calls a tool", async () => {
  await using served = await serveFunctions();
  const parameters = {
    type: "object",
    properties: { invoice: { type: "string" } },
    required: ["invoice"],
  };
  const completion = await connect(served).chat.completions.create({
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content: "Find invoice 77 and say what is in it." }],
    tools: [{
      type: "function",
      function: { name: "find_invoice", description: "Finds an invoice", parameters },
    }],
  });
  const [call] = completion.choices[0]!.message.tool_calls!;
  assert(call!.type === "function");
  assertEquals(call!.function.name, "find_invoice");
});

Deno.test("InsForge: reads an image by its URL", async () => {
  await using served = await serveFunctions();
  const url = "https://shop.example/shoe.jpg";
  const content = [
    { type: "text" as const, text: "What is in the picture?" },
    { type: "image_url" as const, image_url: { url } },
  ];
  const completion = await connect(served).chat.completions.create({
    model: "openai/gpt-4o",
    messages: [{ role: "user", content }],
  });
  assertEquals(completion.choices[0]!.finish_reason, "stop");
  assertEquals(served.openRouter.requests.at(-1)!.body.messages[0].content, content);
});

Deno.test("InsForge: generates an image with modalities", async () => {
  await using served = await serveFunctions();
  const request = {
    model: "google/gemini-2.5-flash-image",
    modalities: ["image", "text"],
    messages: [{ role: "user" as const, content: "A red shoe in front of a white wall." }],
  };
  const completion = await connect(served).chat.completions.create(request as never);
  const { message } = Object(completion).choices[0];
  assertMatch(message.images[0].image_url.url, /^data:image\//);
});

Deno.test("InsForge: creates an embedding", async () => {
  await using served = await serveFunctions();
  const { data } = await connect(served).embeddings.create({
    model: "openai/text-embedding-3-small",
    input: "A red shoe",
  });
  assertEquals(data[0]!.embedding.length, 1536);
});

Deno.test("InsForge: a route of one's own checks the prompt and answers with the text", async () => {
  await using served = await serveFunctions();
  const route = async (request: Request) => {
    const { prompt } = await request.json();
    if (typeof prompt !== "string" || prompt.length > 4_000) {
      return Response.json({ error: "Prompt must have 1 to 4000 characters" }, { status: 400 });
    }
    const completion = await connect(served).chat.completions.create({
      model: "openai/gpt-4o-mini",
      messages: [{ role: "user", content: prompt.trim() }],
    });
    return Response.json({ text: completion.choices[0]?.message.content ?? "" });
  };
  const post = (body: unknown) =>
    route(new Request("http://app.test/", { method: "POST", body: JSON.stringify(body) }));
  assert((await (await post({ prompt: "Name a bakery" })).json()).text.length > 0);
  assertEquals((await post({})).status, 400);
});

Deno.test("InsForge: summarizes rows that InsForge's SDK reads as the signed-in user", async () => {
  const values: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
  await using stack = await startStack({ get: (name) => values[name] });
  const accessToken = await getAccessToken(stack);
  const insforge = createClient({ baseUrl: stack.insforgeUrl, edgeFunctionToken: accessToken });
  const { data: rows } = await insforge.database.from("support_tickets").select().limit(5);
  assertEquals(rows!.length, 5);
  const openai = new OpenAI({ apiKey: accessToken, baseURL: `${stack.functionsUrl}/v1` });
  const content = `Summarize these records:\n${JSON.stringify(rows)}`;
  const completion = await openai.chat.completions.create({
    model: "openai/gpt-4o-mini",
    messages: [{ role: "user", content }],
  });
  assertEquals(completion.choices[0]!.finish_reason, "stop");
});

Deno.test("InsForge: generates a video with plain HTTP", async () => {
  const values: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
  await using stack = await startStack({ get: (name) => values[name] });
  const order = (fields: object) =>
    fetch(`${stack.functionsUrl}/v1/videos`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ prompt: "A ferry leaves the harbour at dawn.", ...fields }),
    });
  const token = await getAccessToken(stack);
  const response = await order({ model: "google/veo-3.1" });
  assert(response.ok);
  const job = await response.json();
  assertEquals([typeof job.id, job.status], ["string", "pending"]);
  // The URL of the job leads back here, and opens with the same token.
  const asked = await fetch(job.polling_url, { headers: { Authorization: `Bearer ${token}` } });
  assertEquals((await asked.json()).status, "in_progress");
  const refused = await order({ model: "google/veo-0" });
  assertEquals(refused.status, 400);
  assertMatch(await refused.text(), /google\/veo-0 is not a valid model ID/);
});

function connect({ url }: Served): OpenAI {
  return new OpenAI({
    apiKey: TOKEN,
    baseURL: `${url}/v1`,
    maxRetries: 0,
    defaultHeaders: { "HTTP-Referer": "https://shop.example/", "X-Title": "My shop" },
  });
}
