/** The calls of InsForge's AI documentation, with `v1` as the base URL and the session token as the key. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import OpenAI from "openai";
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

Deno.test("InsForge: streams a chat", async () => {
  await using served = await serveFunctions();
  const stream = await connect(served).chat.completions.create({
    model: "openai/gpt-4o-mini",
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

function connect({ url }: Served): OpenAI {
  return new OpenAI({
    apiKey: TOKEN,
    baseURL: `${url}/v1`,
    maxRetries: 0,
    defaultHeaders: { "HTTP-Referer": "https://shop.example/", "X-Title": "My shop" },
  });
}
