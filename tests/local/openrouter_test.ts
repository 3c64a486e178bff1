/** The answers of the simulated OpenRouter, and its errors for invalid requests. */
import { inflateSync } from "node:zlib";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { APIError } from "openai";
import { MODEL, readEvents, serve } from "./openrouter_server.ts";

Deno.test("answers a chat about its prompt, with all of OpenRouter's fields", async () => {
  await using server = serve();
  const { data, response } = await server.client.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: "Which café in Łódź serves espresso?" }],
  }).withResponse();
  const { message, finish_reason } = data.choices[0]!;
  assertStringIncludes(message.content!, "café");
  assertStringIncludes(message.content!, "simulated");
  const words = message.content!.split(/\s+/).length;
  assert(words >= 55 && words <= 130, `${words} words`);
  assertEquals([finish_reason, data.model], ["stop", MODEL]);
  assertMatch(data.id, /^gen-\d+-\w+$/);
  assertEquals(response.headers.get("x-generation-id"), data.id);
  const { usage, provider } = data as unknown as Record<string, Record<string, unknown>>;
  assertEquals(provider as unknown, "OpenAI");
  assertGreater(usage!.cost as number, 0);
  assertEquals(
    usage!.total_tokens,
    data.usage!.prompt_tokens + data.usage!.completion_tokens,
  );
});

Deno.test("returns the same answer to the same prompt", async () => {
  await using server = serve();
  const ask = async () => (await (await server.chat("What is rain?")).json()).choices[0].message;
  assertEquals(await ask(), await ask());
});

Deno.test("counts the rows in a prompt, and adds the counts of parts", async () => {
  await using server = serve();
  const rows = [
    { id: 1, status: "open", created_at: "2025-01-02T10:00:00Z", subject: "No invoice" },
    { id: 2, status: "open", created_at: "2025-03-04T10:00:00Z", subject: "Two invoices" },
    { id: 3, status: "closed", created_at: "2025-02-03T10:00:00Z", subject: "Late" },
  ];
  const summarize = async (prompt: string) =>
    (await (await server.chat(prompt)).json()).choices[0].message.content as string;
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  const digest = await summarize(`Summarize these rows.\n\n<rows-1>\n${lines}\n</rows-1>`);
  assertStringIncludes(digest, "**3 rows**, from 2025-01-02 to 2025-03-04");
  assertStringIncludes(digest, "- **status**: open 2, closed 1");
  assertStringIncludes(digest, "“No invoice”");
  const merged = await summarize(`<notes-1>\nPart 1: ${digest}\nPart 2: ${digest}\n</notes-1>`);
  assertStringIncludes(merged, "**6 rows**, put together from 2 parts");
  assertStringIncludes(merged, "- **status**: open 4, closed 2");
});

Deno.test("answers from numbered rows with their numbers", async () => {
  const rows = '[1] {"id":7,"subject":"Late \\"again\\""}\n[2] {"id":9,"n":1}\n[3] {"id":8}';
  await using server = serve();
  const response = await server.chat(`Who waits?\n\n<rows-1>\n${rows}\n</rows-1>`);
  const text = (await response.json()).choices[0].message.content;
  assertStringIncludes(text, "Of 3 rows that the search found");
  assertStringIncludes(text, '“Late "again"” [1] and “a row” [2]');
});

Deno.test("streams the same answer, and ends with usage and [DONE]", async () => {
  await using server = serve();
  const prompt = "Explain tides, please";
  const whole = await (await server.chat(prompt)).json();
  const response = await server.chat(prompt, { stream: true });
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const text = await response.clone().text();
  assert(text.startsWith(": OPENROUTER PROCESSING\n\ndata: "));
  const events = await readEvents(response);
  assertEquals(events.at(-1), "[DONE]");
  const chunks = events.slice(0, -1);
  assertEquals(
    chunks.map((chunk) => chunk.choices[0].delta.content).join(""),
    whole.choices[0].message.content,
  );
  // Form A: the last chunk repeats the finish and has the usage.
  assertEquals(chunks.slice(-2).map((chunk) => chunk.choices[0].finish_reason), ["stop", "stop"]);
  assertEquals(chunks.at(-1).usage, whole.usage);
  assert(chunks.slice(0, -1).every((chunk) => chunk.usage === undefined));
  assertEquals(chunks[0].id, response.headers.get("x-generation-id"));
});

Deno.test("OpenAI's SDK reads the stream", async () => {
  await using server = serve();
  const runner = server.client.chat.completions.stream({
    model: MODEL,
    messages: [{ role: "user", content: "Tell me about lighthouses" }],
  });
  assertStringIncludes((await runner.finalContent())!, "lighthouses");
});

Deno.test("max_tokens and stop end an answer", async () => {
  await using server = serve();
  const short = await (await server.chat("What is rain?", { max_tokens: 7 })).json();
  assertEquals(short.choices[0].finish_reason, "length");
  assertEquals(short.usage.completion_tokens, 7);
  const stopped = await (await server.chat("x", {
    stop: ["two"],
    simulate: { text: "one two three" },
  })).json();
  assertEquals(stopped.choices[0].message.content, "one ");
  assertEquals(stopped.choices[0].finish_reason, "stop");
});

Deno.test("returns reasoning when requested, and it can use up all tokens", async () => {
  await using server = serve();
  const think = async (fields: Record<string, unknown>) =>
    await (await server.chat("Plan a garden", { model: "openai/gpt-5-mini", ...fields })).json();
  const { choices: [{ message }], usage } = await think({ reasoning: { effort: "low" } });
  assertStringIncludes(message.reasoning, "garden");
  assertEquals(message.reasoning_details[0].text, message.reasoning);
  assertEquals(usage.completion_tokens_details.reasoning_tokens, 64);

  const eaten = await think({ reasoning_effort: "high", max_tokens: 50 });
  assertEquals(eaten.choices[0].message.content, "");
  assertEquals(eaten.choices[0].finish_reason, "length");
  assertEquals(eaten.usage.completion_tokens, 50);

  const silent = await think({ reasoning: { effort: "low", exclude: true } });
  assertEquals(silent.choices[0].message.reasoning, null);

  const streamed = await readEvents(
    await server.chat("Plan a garden", {
      model: "openai/gpt-5-mini",
      reasoning: { effort: "low" },
      stream: true,
    }),
  );
  const told = streamed.slice(0, -1).map((chunk) => chunk.choices[0].delta.reasoning ?? "");
  assertEquals(told.join(""), message.reasoning);
});

Deno.test("calls a tool when the prompt is about it, and uses its result", async () => {
  await using server = serve();
  const tools = [{
    type: "function" as const,
    function: {
      name: "get_weather",
      description: "Current weather of a city",
      parameters: {
        type: "object",
        properties: { city: { type: "string" }, days: { type: "integer", minimum: 1, maximum: 3 } },
        required: ["city"],
      },
    },
  }];
  const user = { role: "user" as const, content: "How is the weather in Oslo?" };
  const asked = await server.client.chat.completions.create({
    model: MODEL,
    messages: [user],
    tools,
  });
  const { finish_reason, message } = asked.choices[0]!;
  assertEquals([finish_reason, message.content], ["tool_calls", null]);
  const [call] = message.tool_calls!;
  assert(call!.type === "function");
  const { city, days } = JSON.parse(call!.function.arguments);
  assertEquals([call!.function.name, typeof city], ["get_weather", "string"]);
  assert(Number.isInteger(days) && days >= 1 && days <= 3);

  const answered = await server.client.chat.completions.create({
    model: MODEL,
    messages: [user, message, { role: "tool", tool_call_id: call!.id, content: "4 °C, sleet" }],
    tools,
  });
  assertStringIncludes(answered.choices[0]!.message.content!, "`get_weather` says: 4 °C, sleet");

  const other = { model: MODEL, messages: [{ role: "user" as const, content: "Hello" }], tools };
  const said = await server.client.chat.completions.create(other);
  assertEquals(said.choices[0]!.finish_reason, "stop");
  const forced = await server.client.chat.completions.create({ ...other, tool_choice: "required" });
  assertEquals(forced.choices[0]!.finish_reason, "tool_calls");
});

Deno.test("returns 404 when the provider is excluded or too expensive", async () => {
  await using server = serve();
  const body = { model: MODEL, messages: [{ role: "user", content: "Hi" }], max_tokens: 5 };
  const embedded = { model: "openai/text-embedding-3-small", input: "Hi" };
  const drawn = { model: "black-forest-labs/flux.2-pro", prompt: "Hi" };
  for (
    const [path, fields, provider, status] of [
      ["/chat/completions", body, { max_price: { prompt: "0.15", completion: 0.6 } }, 200],
      ["/chat/completions", body, { max_price: { prompt: 0.14 } }, 404],
      ["/chat/completions", body, { max_price: { completion: "0.5" } }, 404],
      ["/chat/completions", { ...body, input: "Hi" }, { ignore: ["openai"] }, 404],
      ["/chat/completions", body, { order: ["anthropic"] }, 200],
      ["/chat/completions", body, { order: ["anthropic"], allow_fallbacks: false }, 404],
      ["/chat/completions", body, { only: ["openai/default"] }, 200],
      ["/responses", { ...body, input: "Hi" }, { max_price: { prompt: 0.14 } }, 404],
      ["/embeddings", embedded, { max_price: { prompt: "0.01" } }, 404],
      ["/images", drawn, { ignore: ["black-forest-labs"] }, 404],
    ] as const
  ) {
    const response = await server.post(path, { ...fields, provider });
    const { error } = await response.json();
    assertEquals([response.status, error?.code ?? 200], [status, status], JSON.stringify(provider));
  }
});

Deno.test("returns 400 with the name of a field that exceeds its limit", async () => {
  await using server = serve();
  for (
    const fields of [
      { frequency_penalty: 2.1 },
      { presence_penalty: -3 },
      { seed: 1.5 },
      { top_logprobs: 21 },
      { session_id: "x".repeat(257) },
    ]
  ) {
    const { error } = await (await server.chat("Hi", fields)).json();
    assertEquals(error.code, 400);
    assertStringIncludes(error.message, Object.keys(fields)[0]!);
  }
  for (const [query, status] of [["limit=1", 200], ["limit=0", 400], ["limit=1001", 400]]) {
    const response = await server.get(`/models?${query}`);
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
});

Deno.test("returns the provider's 400 in metadata.raw for a tool message without its call", async () => {
  await using server = serve();
  const response = await server.post("/chat/completions", {
    model: MODEL,
    messages: [{ role: "user", content: "x" }, { role: "tool", tool_call_id: "a", content: "1" }],
  });
  const { error } = await response.json();
  assertEquals([response.status, error.message], [400, "Provider returned error"]);
  assertStringIncludes(JSON.parse(error.metadata.raw).error.message, "role 'tool'");
});

Deno.test("structured output matches its schema", async () => {
  await using server = serve();
  const schema = {
    type: "object",
    properties: {
      title: { type: "string", minLength: 30, maxLength: 40 },
      score: { type: "number", minimum: 0.1, maximum: 0.3 },
      count: { type: "integer", exclusiveMinimum: 4, exclusiveMaximum: 6 },
      below: { type: "integer", maximum: -5 },
      mood: { enum: ["good", "bad"] },
      tags: { type: "array", items: { $ref: "#/$defs/tag" }, minItems: 3, maxItems: 3 },
      when: { type: ["string", "null"], format: "date-time" },
      either: { anyOf: [{ type: "null" }, { type: "boolean" }] },
      node: { $ref: "#/$defs/node" },
    },
    required: ["title"],
    $defs: {
      tag: { type: "string" },
      node: {
        type: "object",
        properties: { next: { $ref: "#/$defs/node" }, id: { const: 7 } },
        required: ["id"],
      },
    },
  };
  const response = await server.chat("Review the harbour hotel", {
    response_format: { type: "json_schema", json_schema: { name: "review", strict: true, schema } },
  });
  const value = JSON.parse((await response.json()).choices[0].message.content);
  assert(value.title.length >= 30 && value.title.length <= 40, value.title);
  assert(value.score >= 0.1 && value.score <= 0.3, value.score);
  assertEquals(value.count, 5);
  assertLessOrEqual(value.below, -5);
  assert(["good", "bad"].includes(value.mood));
  assertEquals(value.tags.map((tag: unknown) => typeof tag), ["string", "string", "string"]);
  assertEquals(new Date(value.when).getUTCFullYear(), 2025);
  assertEquals(typeof value.either, "boolean");
  assertEquals(value.node.next.id, 7);

  const loose = await server.chat("Anything", { response_format: { type: "json_object" } });
  JSON.parse((await loose.json()).choices[0].message.content);
});

Deno.test("ends a recursive schema, and returns 400 when it is endless", async () => {
  await using server = serve();
  const ask = async (schema: unknown) => {
    const json_schema = { name: "tree", schema };
    const response_format = { type: "json_schema", json_schema };
    const response = await server.chat("Plant a tree", { response_format });
    return { status: response.status, ...await response.json() };
  };
  const tree = (next: unknown) => ({
    type: "object",
    properties: { next, name: { type: "string" } },
    required: ["next", "name"],
  });
  const ended = await ask(tree({ anyOf: [{ $ref: "#" }, { type: "null" }] }));
  assertEquals(typeof JSON.parse(ended.choices[0].message.content).next.name, "string");
  const endless = [
    { $ref: "#" },
    tree({ $ref: "#" }),
    { type: "array", minItems: 1e9 },
    { type: "string", minLength: 1e9 },
    { type: "object", required: 5 },
  ];
  for (const schema of endless) {
    const { status, error } = await ask(schema);
    assertEquals(status, 400);
    assertStringIncludes(error.message, "Invalid schema");
  }
});

Deno.test("web search cites the allowed number of results, at their positions in the text", async () => {
  await using server = serve();
  const search = async (parameters: Record<string, unknown>) => {
    const tools = [{ type: "openrouter:web_search", parameters }];
    const { choices, usage } = await (await server.chat("News about comets", { tools })).json();
    return { ...choices[0].message, uses: usage.server_tool_use_details, cost: usage.cost };
  };
  const found = await search({ max_results: 3, max_total_results: 4 });
  assertEquals(found.annotations.length, 4);
  for (const { type, url_citation: { url, title, start_index, end_index } } of found.annotations) {
    assertEquals(type, "url_citation");
    assertEquals(found.content.slice(start_index, end_index), `[${title}](${url})`);
  }
  assertEquals(found.uses.web_search_requests, 2);
  const once = await search({ max_results: 2, max_uses: 1, allowed_domains: ["nasa.example"] });
  assertEquals(once.annotations.length, 2);
  assertMatch(once.annotations[0].url_citation.url, /^https:\/\/nasa\.example\//);
  assertLess(once.cost, found.cost);
  assertEquals(once.tool_calls, undefined);
});

Deno.test("falls back when a model is down, and returns 502 without a fallback", async () => {
  await using server = serve();
  const simulate = { down: [MODEL] };
  const models = [MODEL, "google/gemini-2.5-flash"];
  const saved = await (await server.chat("Hi", { model: undefined, models, simulate })).json();
  assertEquals([saved.model, saved.provider], ["google/gemini-2.5-flash", "Google"]);
  assertEquals(saved.choices[0].native_finish_reason, "STOP");
  const lost = await server.chat("Hi", { simulate });
  assertEquals(lost.status, 502);
  assertEquals((await lost.json()).error.metadata.error_type, "provider_unavailable");
});

Deno.test("falls back when the prompt exceeds the context of a model", async () => {
  await using server = serve();
  const long = "word ".repeat(5_000);
  const small = "gryphe/mythomax-l2-13b";
  const alone = await server.chat(long, { model: small });
  assertEquals(alone.status, 400);
  assertStringIncludes((await alone.json()).error.message, "maximum context length is 4096 tokens");
  const saved = await (await server.chat(long, { models: [MODEL], model: small })).json();
  assertEquals(saved.model, MODEL);
});

Deno.test("counts images in a prompt, and rejects them for models without image input", async () => {
  await using server = serve();
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
  const messages = [{ role: "user", content: [{ type: "text", text: "Look" }, image, image] }];
  const seen = await (await server.chat("", { messages })).json();
  assertStringIncludes(seen.choices[0].message.content, "I got 2 images with it");
  const blind = await server.chat("", { messages, model: "deepseek/deepseek-chat-v3.1" });
  assertEquals(blind.status, 404);
  assertEquals((await blind.json()).error.message, "No endpoints found that support image input");
});

Deno.test("a chat model returns a real PNG, in a stream on one line", async () => {
  await using server = serve();
  const fields = {
    model: "google/gemini-2.5-flash-image",
    modalities: ["image", "text"],
    image_config: { aspect_ratio: "16:9" },
  };
  const drawn = await (await server.chat("A red fox", fields)).json();
  const { images, content } = drawn.choices[0].message;
  assertStringIncludes(content, "red fox");
  assertEquals(readPng(images[0].image_url.url.split(",")[1]), { width: 256, height: 144 });
  assertEquals(drawn.usage.completion_tokens_details.image_tokens, 1290);

  const simulate = { image_bytes: 1_000_000 };
  const events = await readEvents(
    await server.chat("A red fox", { ...fields, stream: true, simulate }),
  );
  const { delta } = events.find(({ choices }) => choices?.[0].delta.images).choices[0];
  assertGreater(delta.images[0].image_url.url.length, 1_300_000);
  readPng(delta.images[0].image_url.url.split(",")[1]);

  const wrong = await server.chat("A red fox", { modalities: ["image", "text"] });
  assertEquals(wrong.status, 404);
  assertStringIncludes((await wrong.json()).error.message, "output modalities: image, text");
});

Deno.test("POST /images returns base64, and /images/generations is a 404", async () => {
  await using server = serve();
  const model = "openai/gpt-5-image";
  const response = await server.post("/images", { model, prompt: "A fox", n: 2, size: "512x256" });
  const { data, usage } = await response.json();
  assertEquals(data.map(({ media_type }: { media_type: string }) => media_type), [
    "image/png",
    "image/png",
  ]);
  assert(data[0].b64_json !== data[1].b64_json);
  assertEquals(readPng(data[0].b64_json), { width: 256, height: 128 });
  assertGreater(usage.cost, 0);
  const missing = await server.post("/images/generations", { model, prompt: "A fox" });
  assertEquals(missing.status, 404);
  await missing.body?.cancel();
  const many = await server.post("/images", {
    model: "black-forest-labs/flux.2-pro",
    prompt: "A fox",
    n: 2,
  });
  assertEquals(many.status, 400);
  await many.body?.cancel();
});

Deno.test("returns similar embeddings for similar texts, in grades", async () => {
  await using server = serve();
  const { data } = await (await server.post("/embeddings", {
    model: "openai/text-embedding-3-small",
    input: [
      "The invoice was charged twice",
      "I was billed two times this month",
      "How do I export my data as CSV?",
      "Download all records to a spreadsheet",
      "The app crashes when I open the settings",
      "How much does the yearly plan cost?",
    ],
  })).json();
  const vectors: number[][] = data.map(({ embedding }: { embedding: number[] }) => embedding);
  const similarity = (a: number, b: number) => dot(vectors[a]!, vectors[b]!);
  assertGreater(similarity(0, 1), 0.5);
  assertGreater(similarity(2, 3), 0.5);
  for (const [a, b] of [[0, 2], [0, 4], [1, 3], [2, 4], [3, 4]] as const) {
    assertLess(Math.abs(similarity(a, b)), 0.25);
  }
  // The same subject, without being a paraphrase.
  assertGreater(similarity(0, 5), 0.15);
  assertLess(similarity(0, 5), similarity(0, 1));
});

Deno.test("knows the models that documents and test suites use", async () => {
  await using server = serve();
  const { data } = await (await server.get("/models?output_modalities=all")).json();
  const ids = data.map(({ id }: { id: string }) => id);
  for (
    const id of [
      ...["openai/gpt-5.2", "openai/gpt-3.5-turbo", "openai/gpt-4-32k", "openai/gpt-image-1"],
      ...["anthropic/claude-3.5-haiku", "anthropic/claude-3.5-sonnet", "anthropic/claude-sonnet-4"],
      ...["anthropic/claude-instant-v1", "anthropic/claude-sonnet-4.5", "google/veo-3.1"],
      ...["openai/shap-e", "google/gemini-3-flash-preview", "black-forest-labs/flux.2-pro"],
    ]
  ) assert(ids.includes(id), id);
  const response = await server.chat("Hello", { model: "anthropic/claude-sonnet-4-6" });
  assertEquals((await response.json()).model, "anthropic/claude-sonnet-4.6");
  const video = await server.chat("Hello", { model: "google/veo-3.1" });
  assertEquals([video.status, (await video.json()).error.code], [404, 404]);
});

Deno.test("answers the playground's suggestions with a list, a table and code", async () => {
  await using server = serve();
  const ask = async (prompt: string) =>
    (await (await server.chat(prompt)).json()).choices[0].message.content;
  assertMatch(await ask("Explain row-level security to a product manager"), /^1\. /m);
  assertMatch(await ask("Compare three ways to store embeddings, as a table"), /^\| --- \|/m);
  assertMatch(await ask("Write a TypeScript function that debounces, with a test"), /^```ts$/m);
});

Deno.test("embeddings are unit vectors", async () => {
  await using server = serve();
  const { data, usage } = await (await server.post("/embeddings", {
    model: "openai/text-embedding-3-small",
    input: ["Refund for a double charge", "I was charged double, refund me", "Grow tomatoes"],
  })).json();
  const [a, b, c] = data.map(({ embedding }: { embedding: number[] }) => embedding);
  assertEquals(a.length, 1536);
  assertLess(Math.abs(dot(a, a) - 1), 1e-5);
  assertGreater(dot(a, b), 0.4);
  assertLess(dot(a, c), 0.2);
  assertGreater(usage.cost, 0);
});

Deno.test("embeddings use the requested dimensions and base64", async () => {
  await using server = serve();
  const ask = async (fields: Record<string, unknown>) =>
    await (await server.post("/embeddings", {
      model: "openai/text-embedding-3-small",
      input: "A text",
      ...fields,
    })).json();
  const floats = (await ask({ dimensions: 256 })).data[0].embedding;
  const base64 = (await ask({ dimensions: 256, encoding_format: "base64" })).data[0].embedding;
  assertEquals([...new Float32Array(Uint8Array.fromBase64(base64).buffer)], floats);
  const { data } = await server.client.embeddings.create({
    model: "openai/text-embedding-3-small",
    input: "A text",
    dimensions: 256,
  });
  assertEquals([...data[0]!.embedding], floats);
  // Some models return no base64 and ignore dimensions.
  const bge = { model: "baai/bge-m3" };
  assertEquals((await ask({ ...bge, encoding_format: "base64" })).data, []);
  assertEquals((await ask({ ...bge, dimensions: 256 })).data[0].embedding.length, 1024);
});

Deno.test("returns 401 for an invalid key on every route except the catalogue", async () => {
  await using server = serve({ apiKey: "sk-or-v1-only" });
  const body = { model: MODEL, messages: [{ role: "user", content: "x" }] };
  const missing = await server.post("/chat/completions", body, null);
  assertEquals(missing.status, 401);
  assertEquals((await missing.json()).error.message, "Missing Authentication header");
  for (const path of ["/key", "/auth/key", "/credits", "/models/user"]) {
    const refused = await server.get(path, "sk-or-v1-other");
    assertEquals((await refused.json()).error, {
      code: 401,
      message: "User not found.",
      metadata: { error_type: "authentication" },
    });
  }
  const open = await server.get("/models", "nonsense");
  assertEquals(open.status, 200);
  await open.body?.cancel();
  const good = await server.get("/key", "sk-or-v1-only");
  assertEquals((await good.json()).data.usage, 0);
});

Deno.test("lists models with prices as decimal strings", async () => {
  await using server = serve();
  const { data, total_count } = await (await server.get("/models?limit=5")).json();
  assertEquals(data.length, 5);
  assertGreater(total_count, 5);
  const all = (await (await server.get("/models")).json()).data as Record<string, never>[];
  const mini = all.find(({ id }) => id === MODEL)! as Record<string, Record<string, string>>;
  assertEquals([mini.pricing!.prompt, mini.pricing!.completion], ["0.00000015", "0.0000006"]);
  assert(all.every(({ id }) => !String(id).includes("embedding")));
  const { data: { count } } = await (await server.get("/models/count")).json();
  assertEquals(count, total_count);
  for (const path of ["/embeddings/models", "/images/models"]) {
    assertGreater((await (await server.get(path)).json()).data.length, 0);
  }
  const { data: { endpoints } } = await (await server.get(`/models/${MODEL}/endpoints`)).json();
  assertEquals(endpoints[0].provider_name, "OpenAI");
});

Deno.test("returns 400 for contradictory and empty requests", async () => {
  await using server = serve();
  const messages = [{ role: "user", content: "x" }];
  const cases: [unknown, string][] = [
    ["{", "Invalid JSON"],
    [[], "Invalid JSON"],
    [{ model: MODEL }, 'specify "prompt" or "messages"'],
    [{ model: MODEL, messages: [] }, 'specify "prompt" or "messages"'],
    [{ messages, models: [] }, "No models provided"],
    [{ model: "openai/gpt-99", messages }, "openai/gpt-99 is not a valid model ID"],
    [{ model: MODEL, messages, temperature: 3 }, '"temperature"'],
    [
      { model: MODEL, messages, reasoning: { effort: "low" }, reasoning_effort: "high" },
      "must not contradict",
    ],
    [
      { model: MODEL, messages, reasoning: { effort: "low", max_tokens: 9 } },
      "Only one of",
    ],
    [
      { model: "openai/gpt-5", messages, reasoning: { effort: "none" } },
      "Reasoning is mandatory",
    ],
    [{ model: MODEL, messages, modalities: ["audio"] }, "requires stream: true"],
    [{ model: MODEL, messages, simulate: { statsu: 500 } }, '"simulate.statsu"'],
  ];
  for (const [body, message] of cases) {
    const response = await server.post("/chat/completions", body);
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, 400], JSON.stringify(body));
    assertStringIncludes(error.message, message);
  }
});

Deno.test("ignores unknown fields, and records them", async () => {
  await using server = serve();
  const response = await server.chat("Hi", { frobnicate: true });
  assertEquals(response.status, 200);
  await response.body?.cancel();
  const { method, path, headers, body, cancelled } = server.requests[0]!;
  assertEquals([method, path, body.frobnicate], ["POST", "/api/v1/chat/completions", true]);
  assertMatch(headers.get("authorization")!, /^Bearer sk-or-/);
  assertEquals(await cancelled, false);
});

Deno.test("returns 402 with the affordable tokens when the credits do not suffice", async () => {
  await using server = serve();
  const error = await assertRejects(
    () =>
      server.client.chat.completions.create({
        model: MODEL,
        messages: [{ role: "user", content: "Hi" }],
        simulate: { credits: 0.0001 },
      } as never),
    APIError,
  );
  assertEquals(error.status, 402);
  assertMatch(error.message, /requested up to 16384 tokens, but can only afford 16\d\./);
  const modest = await server.chat("Hi", { max_tokens: 100, simulate: { credits: 0.0001 } });
  assertEquals(modest.status, 200);
  await modest.body?.cancel();
});

Deno.test("the bill is the sum of all costs", async () => {
  await using server = serve();
  let sum = 0;
  for (const fields of [{}, { model: "openai/gpt-4o" }, { max_tokens: 3 }]) {
    sum += (await (await server.chat("Add it up", fields)).json()).usage.cost;
  }
  const events = await readEvents(await server.chat("Add it up", { stream: true }));
  sum += events.at(-2).usage.cost;
  const embedded = await server.post("/embeddings", {
    model: "openai/text-embedding-3-large",
    input: "Add it up",
  });
  sum += (await embedded.json()).usage.cost;
  const { total, generations } = server.bill();
  assertEquals(generations, 5);
  assertLess(Math.abs(total - sum), 1e-12);
  const { data } = await (await server.get("/credits")).json();
  assertEquals(data.total_usage, total);
});

Deno.test("/generation knows a generation some time after its end", async () => {
  let time = 1_760_000_000_000;
  await using server = serve({ now: () => time, generationDelayMs: 500 });
  const { id, usage } = await (await server.chat("Hi")).json();
  assertMatch(id, /^gen-1760000000-/);
  const early = await server.get(`/generation?id=${id}`);
  assertEquals([early.status, (await early.json()).error.code], [404, 404]);
  time += 500;
  const { data } = await (await server.get(`/generation?id=${id}`)).json();
  assertEquals(
    [data.id, data.total_cost, data.tokens_completion, data.cancelled, data.streamed],
    [id, usage.cost, usage.completion_tokens, false, false],
  );
});

/** Returns the size of a PNG, after checking that it has all its pixels. */
function readPng(base64: string): { width: number; height: number } {
  const bytes = Uint8Array.fromBase64(base64);
  assertEquals([...bytes.subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
  const view = new DataView(bytes.buffer);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  let pixels: Uint8Array | undefined;
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") pixels = inflateSync(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  assertEquals(pixels!.length, height * (1 + width * 3));
  return { width, height };
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

Deno.test("accepts functions, function_call and messages of role function", async () => {
  await using server = serve();
  const functions = [{
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  }];
  const ask = async (messages: unknown[], function_call: unknown) => {
    const response = await server.post("/chat/completions", {
      model: MODEL,
      messages,
      functions,
      function_call,
    });
    assertEquals(response.status, 200);
    return (await response.json()).choices[0];
  };
  const question = { role: "user", content: "Is it raining in Lisbon?" };
  const { finish_reason, message } = await ask([question], { name: "get_weather" });
  const { name, arguments: text } = message.tool_calls[0].function;
  assertEquals([finish_reason, name], ["tool_calls", "get_weather"]);
  const call = { role: "assistant", content: null, function_call: { name, arguments: text } };
  const result = { role: "function", name, content: '{"rain":"light"}' };
  const answer = await ask([question, call, result], "auto");
  assertEquals(answer.finish_reason, "stop");
  assertStringIncludes(answer.message.content, "light");
  assertEquals((await ask([question], "none")).finish_reason, "stop");
});
