/** The unmodified `@openrouter/sdk` and `@openrouter/agent`, with another base URL and key. */
import { OpenRouter as Agent, tool } from "@openrouter/agent";
import { OpenRouter } from "@openrouter/sdk";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as z from "zod/mini";
import { serve } from "../local/openrouter_server.ts";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { assertPicture } from "./pictures.ts";
import { type Served, serveV1 } from "./served.ts";

const TIMEOUT_MS = 20_000;
const model = "openai/gpt-4o-mini";
const messages = [{ role: "user" as const, content: PROMPT }];

Deno.test("openrouter: chat.send returns an answer, as JSON and as a stream", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { chat } = connect(served);
  const whole = await chat.send({ chatRequest: { model, messages } });
  assert("choices" in whole);
  const { content } = whole.choices[0]!.message;
  const stream = await chat.send({ chatRequest: { model, messages, stream: true } });
  assert(Symbol.asyncIterator in stream);
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  assertEquals(text, content as unknown);
});

Deno.test("openrouter: an error keeps its status and its message", async () => {
  await using served = await serveV1();
  const error = await assertRejects(() =>
    connect(served).chat.send({ chatRequest: { model, messages: [] } })
  );
  assertEquals((error as { statusCode?: number }).statusCode, 400);
  assertStringIncludes(String(error), '"messages" must be a non-empty array');
});

Deno.test("openrouter: models.list, get and count, endpoints.list and embeddings.listModels", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const client = connect(served);
  const pages = await Array.fromAsync(await client.models.list());
  const listed = pages.flatMap(({ result }) => result.data.map(({ id }) => id));
  assert(listed.includes(model));
  assertEquals((await client.models.count()).data.count, listed.length);
  const path = { author: "openai", slug: "gpt-4o-mini" };
  assertEquals((await client.models.get(path)).data.id, model);
  const { data } = await client.endpoints.list(path);
  assertEquals(data.endpoints.map(({ providerName }) => providerName), ["OpenAI"]);
  const [embedders] = await Array.fromAsync(await client.embeddings.listModels());
  assert(embedders!.result.data.length > 0);
});

Deno.test("openrouter: images.generate, as JSON and as a stream", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { images } = connect(served);
  const imageGenerationRequest = { model: "openai/gpt-image-1", prompt: "a lighthouse" };
  const whole = await images.generate({ imageGenerationRequest });
  assert("data" in whole);
  assertPicture(whole.data[0]!.b64Json);
  const stream = await images.generate({
    imageGenerationRequest: { ...imageGenerationRequest, stream: true },
  });
  const types: string[] = [];
  for await (const event of stream as AsyncIterable<{ type: string }>) types.push(event.type);
  assertEquals(types.at(-1), "image_generation.completed");
});

Deno.test("openrouter: rerank, embeddings, speech and transcriptions", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const client = connect(served);
  const documents = ["A ferry at dawn", "A bakery that sells bread"];
  const ranking = await client.rerank.rerank({
    requestBody: { model: "cohere/rerank-v3.5", query: "Who sells bread?", documents },
  });
  assert(typeof ranking !== "string");
  assertEquals(ranking.results.map(({ index }) => index), [1, 0]);
  const vectors = await client.embeddings.generate({
    requestBody: { model: "openai/text-embedding-3-small", input: "bread" },
  });
  assert(typeof vectors !== "string");
  assertEquals(vectors.data.length, 1);

  const audio = await client.tts.createSpeech({
    speechRequest: {
      model: "openai/gpt-4o-mini-tts-2025-12-15",
      input: "The ferry leaves at nine.",
      voice: "alloy",
      responseFormat: "mp3",
    },
  });
  const bytes = await new Response(audio).bytes();
  const inputAudio = { data: bytes.toBase64(), format: "mp3" };
  const heard = await client.stt.createTranscription({
    sttRequest: { model: "openai/whisper-1", inputAudio },
  });
  const uploaded = await client.stt.createTranscriptionMultipart({
    requestBody: { model: "openai/whisper-1", file: new File([bytes], "ferry.mp3") },
  });
  assertStringIncludes(heard.text, "recording");
  assertEquals(uploaded.text, heard.text);
});

Deno.test("openrouter agent: callModel calls the tool and answers, as text and as a stream", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const asked: unknown[] = [];
  const weather = tool({
    name: "get_weather",
    description: "The weather in a city",
    inputSchema: z.object({ city: z.string() }) as never,
    execute: (input: unknown) => {
      asked.push(input);
      return Promise.resolve({ celsius: -3 });
    },
  });
  const agent = new Agent({ serverURL: served.baseURL, apiKey: TOKEN, timeoutMs: TIMEOUT_MS });
  const input = "What is the weather in Oslo?";
  const answer = await agent.callModel({ model, input, tools: [weather] as const }).getText();
  assertEquals(asked.length, 1);
  assertStringIncludes(answer, "-3");
  let text = "";
  for await (const delta of agent.callModel({ model, input: "Say hello" }).getTextStream()) {
    text += delta;
  }
  assert(text.length > 0);
});

function connect({ baseURL }: Served): OpenRouter {
  return new OpenRouter({
    serverURL: baseURL,
    apiKey: TOKEN,
    timeoutMs: TIMEOUT_MS,
    retryConfig: { strategy: "none" },
  });
}
