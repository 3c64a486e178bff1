/** LangChain's OpenAI classes, with another base URL and key and nothing else changed. */
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { assertEquals, assertRejects } from "@std/assert";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { completion, streamOf } from "../support/upstream.ts";
import { ANSWER_FAILURES, BREAKS, type Failure, FAILURES, STREAM_FAILURES } from "./failures.ts";
import { assertOpenAIError } from "./openai_errors.ts";
import { PLACE, STREAMED_CALL, VECTORS, WEATHER } from "./script.ts";
import { type Served, serveV1 } from "./served.ts";

Deno.test("langchain: ChatOpenAI.invoke", async () => {
  await using served = await serveV1();
  served.upstream.reply({ json: completion({ content: "Grüße 🌍" }) });
  const { text, usage_metadata, response_metadata } = await connect(served).invoke(PROMPT);
  assertEquals([text, usage_metadata?.total_tokens], ["Grüße 🌍", 15]);
  assertEquals(response_metadata.finish_reason, "stop");
});

Deno.test("langchain: ChatOpenAI.stream", async () => {
  await using served = await serveV1();
  served.upstream.reply({ sse: streamOf("Hel", "lo", " 🌍"), chop: 5 });
  const chunks = await Array.fromAsync(await connect(served).stream(PROMPT));
  assertEquals(chunks.map(({ text }) => text).join(""), "Hello 🌍");
  const whole = chunks.reduce((sum, next) => sum.concat(next));
  assertEquals(whole.usage_metadata?.total_tokens, 15);
});

Deno.test("langchain: a round trip of a tool, as a stream", async () => {
  await using served = await serveV1();
  served.upstream.reply(STREAMED_CALL, { json: completion({ content: "Snow" }) });
  const model = connect(served).bindTools([WEATHER]);
  const question = new HumanMessage(PROMPT);
  const chunks = await Array.fromAsync(await model.stream([question]));
  const asking = chunks.reduce((sum, next) => sum.concat(next));
  const { name, args, id } = asking.tool_calls![0]!;
  assertEquals([name, args], ["get_weather", { city: "Oslo" }]);
  const told = new ToolMessage({ content: "-3 °C", tool_call_id: id! });
  assertEquals((await model.invoke([question, asking, told])).text, "Snow");
  const { messages } = served.upstream.requests[1]!.body;
  assertEquals(messages.map(({ role }: { role: string }) => role), ["user", "assistant", "tool"]);
});

Deno.test("langchain: withStructuredOutput", async () => {
  await using served = await serveV1();
  served.upstream.reply({ json: completion({ content: '{"city":"Oslo"}' }) });
  const model = connect(served).withStructuredOutput(
    { title: "place", ...PLACE },
    { method: "jsonSchema" },
  );
  assertEquals(await model.invoke(PROMPT), { city: "Oslo" });
  assertEquals(served.upstream.requests[0]!.body.response_format.type, "json_schema");
});

Deno.test("langchain: OpenAIEmbeddings.embedDocuments", async () => {
  await using served = await serveV1();
  served.upstream.reply(VECTORS);
  const embeddings = new OpenAIEmbeddings({
    model: "openai/text-embedding-3-small",
    apiKey: TOKEN,
    configuration: { baseURL: served.baseURL },
  });
  assertEquals(await embeddings.embedDocuments(["a", "b"]), [[0.5, 0.25], [2, -3]]);
});

for (const failure of [...FAILURES, ...ANSWER_FAILURES]) {
  Deno.test(`langchain: ${failure.name} is an error`, async () => {
    await assertFails(failure, (model) => model.invoke(PROMPT));
  });
}
for (const failure of [...FAILURES, ...STREAM_FAILURES, ...BREAKS]) {
  Deno.test(`langchain: ${failure.name} is an error in a stream`, async () => {
    await assertFails(failure, async (model) => Array.fromAsync(await model.stream(PROMPT)));
  });
}

async function assertFails(
  failure: Failure,
  ask: (model: ChatOpenAI) => Promise<unknown>,
): Promise<void> {
  await using served = await serveV1();
  served.upstream.reply(...failure.replies);
  const error = await assertRejects(() => ask(connect(served)));
  assertOpenAIError(error, failure);
}

function connect({ baseURL }: Served): ChatOpenAI {
  return new ChatOpenAI({
    model: "openai/gpt-4o-mini",
    apiKey: TOKEN,
    maxRetries: 0,
    configuration: { baseURL },
  });
}
