/** The unmodified `openai` package, with another base URL and key. */
import OpenAI from "openai";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { chunk, completion, streamOf, USAGE } from "../support/upstream.ts";
import {
  ANSWER_FAILURES,
  BREAKS,
  type Failure,
  FAILURES,
  NETWORK_FAILURES,
  STREAM_FAILURES,
} from "./failures.ts";
import { withShortWaits } from "../shared/openrouter/short_waits.ts";
import { assertOpenAIError, toErrorCode } from "./openai_errors.ts";
import { CALL, PLACE, STREAMED_CALL, VECTORS, WEATHER } from "./script.ts";
import { type Served, serveV1 } from "./served.ts";

const model = "openai/gpt-4o-mini";
const messages = [{ role: "user" as const, content: PROMPT }];
Deno.test("openai: chat.completions.create returns the answer and the request id", async () => {
  await using served = await serveV1();
  served.upstream.reply({ json: completion({ content: "Grüße 🌍" }) });
  const answer = await connect(served).chat.completions.create({ model, messages });
  assertEquals(answer.choices[0]!.message.content, "Grüße 🌍");
  assertEquals(answer.usage?.total_tokens, 15);
  assertMatch(answer._request_id!, /^[\w-]{36}$/);
});

Deno.test("openai: chat.completions.create streams", async () => {
  await using served = await serveV1();
  served.upstream.reply({ sse: streamOf("Hel", "lo", " 🌍"), chop: 5 });
  const stream = await connect(served).chat.completions.create({ model, messages, stream: true });
  const chunks = await Array.fromAsync(stream);
  assertEquals(chunks.map(({ choices }) => choices[0]?.delta.content).join(""), "Hello 🌍");
  assertEquals(chunks.at(-1)!.usage, USAGE);
});

Deno.test("openai: chat.completions.stream collects a stream", async () => {
  await using served = await serveV1();
  served.upstream.reply({ sse: streamOf("Hel", "lo", " 🌍") });
  const stream = connect(served).chat.completions.stream({ model, messages });
  const heard: string[] = [];
  stream.on("content", (delta) => heard.push(delta));
  const { choices, usage } = await stream.finalChatCompletion();
  assertEquals(choices[0]!.message.content, "Hello 🌍");
  assertEquals(heard.join(""), "Hello 🌍");
  assertEquals(usage?.total_tokens, 15);
});

Deno.test("openai: chat.completions.runTools calls the tool and returns the answer", async () => {
  await using served = await serveV1();
  served.upstream.reply(
    { json: completion({ content: null, tool_calls: [CALL] }, { finish_reason: "tool_calls" }) },
    { json: completion({ content: "Snow" }) },
  );
  const asked: unknown[] = [];
  const runner = connect(served).chat.completions.runTools({
    model,
    messages,
    tools: [{
      type: "function",
      function: {
        ...WEATHER.function,
        parse: JSON.parse,
        function: (city: unknown) => (asked.push(city), "-3 °C"),
      },
    }],
  });
  assertEquals(await runner.finalContent(), "Snow");
  assertEquals(asked, [{ city: "Oslo" }]);
  const [, second] = served.upstream.requests;
  assertEquals(second!.body.messages.at(-1), {
    role: "tool",
    tool_call_id: "call_1",
    content: "-3 °C",
  });
});

Deno.test("openai: a streamed tool call arrives complete", async () => {
  await using served = await serveV1();
  served.upstream.reply(STREAMED_CALL);
  const stream = connect(served).chat.completions.stream({ model, messages, tools: [WEATHER] });
  const { tool_calls } = (await stream.finalMessage()) as { tool_calls: unknown };
  assertEquals(JSON.parse(JSON.stringify(tool_calls)), [CALL]);
});

Deno.test("openai: chat.completions.parse gives structured output", async () => {
  await using served = await serveV1();
  served.upstream.reply({ json: completion({ content: '{"city":"Oslo"}' }) });
  const response_format = {
    type: "json_schema" as const,
    json_schema: { name: "place", strict: true, schema: PLACE },
  };
  const answer = await connect(served).chat.completions.parse({ model, messages, response_format });
  assertEquals(JSON.parse(answer.choices[0]!.message.content!), { city: "Oslo" });
  assertEquals(served.upstream.requests[0]!.body.response_format, response_format);
});

Deno.test("openai: embeddings.create returns numbers, although it requests base64", async () => {
  await using served = await serveV1();
  served.upstream.reply(VECTORS);
  const { data, usage } = await connect(served).embeddings.create({
    model: "openai/text-embedding-3-small",
    input: ["a", "b"],
  });
  assertEquals(data.map(({ embedding }) => embedding), [[0.5, 0.25], [2, -3]]);
  assertEquals(usage.total_tokens, 2);
});

Deno.test("openai: models.list and models.retrieve", async () => {
  await using served = await serveV1();
  const data = [{ id: "openai/gpt-4o-mini", name: "GPT-4o-mini" }, { id: "x/y:free", name: "Y" }];
  served.upstream.reply({ json: { data, total_count: 2 } });
  const client = connect(served);
  const listed = await Array.fromAsync(client.models.list());
  assertEquals(listed.map(({ id }) => id), ["openai/gpt-4o-mini", "x/y:free"]);
  assertEquals((await client.models.retrieve("x/y:free")).id, "x/y:free");
  const error = await assertRejects(() => client.models.retrieve("no/model"), OpenAI.NotFoundError);
  assertEquals([toErrorCode(error), error.param], ["AI_INVALID_MODEL", "model"]);
});

Deno.test("openai: images.generate", async () => {
  await using served = await serveV1();
  const data = [{ b64_json: "aaaa", media_type: "image/png" }];
  served.upstream.reply({ json: { created: 1, data, usage: USAGE } });
  const answer = await connect(served).images.generate({
    model: "openai/gpt-image-1",
    prompt: "a cat",
    size: "1024x1024",
  });
  assertEquals(answer.data![0]!.b64_json, "aaaa");
  assertEquals(answer.usage?.output_tokens, 5);
});

Deno.test("openai: responses.create, as JSON and as a stream", async () => {
  await using served = await serveV1();
  const whole = {
    id: "resp_1",
    object: "response",
    model,
    status: "completed",
    error: null,
    output: [{
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Hello", annotations: [] }],
    }],
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  };
  const events = [
    { type: "response.created", response: { ...whole, status: "in_progress", output: [] } },
    { type: "response.output_text.delta", item_id: "msg_1", delta: "Hel" },
    { type: "response.output_text.delta", item_id: "msg_1", delta: "lo" },
    { type: "response.completed", response: whole },
  ];
  const sse = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  served.upstream.reply({ json: whole }, { sse });
  const client = connect(served);
  assertEquals((await client.responses.create({ model, input: PROMPT })).output_text, "Hello");
  const stream = await client.responses.create({ model, input: PROMPT, stream: true });
  let text = "";
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  assertEquals(text, "Hello");
});

Deno.test("openai: works on platforms without sub-paths", async () => {
  await using served = await serveV1();
  served.upstream.reply({ json: completion() }, { json: { data: [{ id: "x/y" }] } });
  const { origin } = new URL(served.baseURL);
  const asked: string[] = [];
  const client = new OpenAI({
    baseURL: `${origin}/functions/v1`,
    apiKey: TOKEN,
    fetch(url, init) {
      const flat = String(url).replace("/functions/v1/", "/functions/v1?route=");
      asked.push(flat.slice(origin.length));
      return fetch(flat, init);
    },
  });
  assertEquals(
    (await client.chat.completions.create({ model, messages })).object,
    "chat.completion",
  );
  assertEquals((await client.models.retrieve("x/y")).id, "x/y");
  assertEquals(asked, [
    "/functions/v1?route=chat/completions",
    "/functions/v1?route=models/x%2Fy",
  ]);
});

Deno.test("openai: breaking out of a stream aborts the generation", async () => {
  await using served = await serveV1();
  served.upstream.reply({ sse: [chunk({ content: "Hel" })], end: "hang" });
  const stream = await connect(served).chat.completions.create({ model, messages, stream: true });
  for await (const _ of stream) break;
  assert(await served.upstream.requests[0]!.cancelled);
});

Deno.test("openai: an invalid token is an AuthenticationError", async () => {
  await using served = await serveV1();
  const client = new OpenAI({ baseURL: served.baseURL, apiKey: "anon_key" });
  const error = await assertRejects(
    () => client.chat.completions.create({ model, messages }),
    OpenAI.AuthenticationError,
  );
  assertEquals([toErrorCode(error), error.type], ["AUTH_UNAUTHORIZED", "authentication_error"]);
  assertEquals(error.code as unknown, 401);
});

for (const failure of [...FAILURES, ...ANSWER_FAILURES]) {
  Deno.test(`openai: ${failure.name} is an error of its own class`, async () => {
    await assertFails(failure, false);
  });
}
for (const failure of [...FAILURES, ...STREAM_FAILURES, ...BREAKS]) {
  Deno.test(`openai: ${failure.name} is an error of its own class in a stream`, async () => {
    await assertFails(failure, true);
  });
}

for (const failure of NETWORK_FAILURES) {
  Deno.test(`openai: ${failure.name} is an error of its own class before the deadline`, async () => {
    const deadline = { REQUEST_DEADLINE_MS: "50000" };
    await withShortWaits(() => assertFails(failure, false, deadline));
  });
}

async function assertFails(
  failure: Failure,
  stream: boolean,
  settings?: Record<string, string>,
): Promise<void> {
  await using served = await serveV1(settings);
  served.upstream.reply(...failure.replies);
  const client = connect(served, { maxRetries: 0 });
  const error = await assertRejects(async () => {
    const answer = await client.chat.completions.create({ model, messages, stream });
    if (Symbol.asyncIterator in answer) await Array.fromAsync(answer);
  });
  assertOpenAIError(error, failure);
}

function connect({ baseURL }: Served, options: { maxRetries?: number } = {}): OpenAI {
  return new OpenAI({ baseURL, apiKey: TOKEN, ...options });
}
