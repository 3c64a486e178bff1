/** The unmodified `@anthropic-ai/sdk` package, with another base URL and key. */
import Anthropic from "@anthropic-ai/sdk";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { serve } from "../local/openrouter_server.ts";
import { PROMPT, TOKEN } from "../support/caller.ts";
import { type Failure, FAILURES } from "./failures.ts";
import { PLACE } from "./script.ts";
import { type Served, serveV1 } from "./served.ts";

const model = "anthropic/claude-sonnet-4.5";
const messages = [{ role: "user" as const, content: PROMPT }];
const request = { model, messages, max_tokens: 2048 };
const weather = { name: "get_weather", description: "The weather in a city", input_schema: PLACE };
const asked = { role: "user" as const, content: "What is the weather in Oslo?" };

Deno.test("anthropic: messages.create returns the answer, its usage and its price", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const message = await connect(served).messages.create({ ...request, system: "Be brief" });
  assertEquals([message.type, message.role, message.stop_reason], [
    "message",
    "assistant",
    "end_turn",
  ]);
  assertStringIncludes(toText(message), "simulated");
  const { usage } = message;
  assert(usage.input_tokens > 0 && usage.output_tokens > 0);
  assertEquals(server.bill(), { total: (usage as { cost?: number }).cost!, generations: 1 });
});

Deno.test("anthropic: messages.create and messages.stream deliver the same message", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const client = connect(served);
  const whole = await client.messages.create(request);
  const events = await Array.fromAsync(await client.messages.create({ ...request, stream: true }));
  assertEquals([events[0]!.type, events.at(-1)!.type], ["message_start", "message_stop"]);
  const stream = client.messages.stream(request);
  const heard: string[] = [];
  stream.on("text", (delta) => heard.push(delta));
  const collected = await stream.finalMessage();
  assertEquals(toText(collected), toText(whole));
  assertEquals(heard.join(""), toText(whole));
  assertEquals([collected.stop_reason, collected.usage.output_tokens], [
    whole.stop_reason,
    whole.usage.output_tokens,
  ]);
});

Deno.test("anthropic: messages.countTokens estimates the tokens of a conversation", async () => {
  await using served = await serveV1();
  const { messages: api } = connect(served);
  const { input_tokens } = await api.countTokens({ model, messages });
  const longer = await api.countTokens({ model, messages, system: "Be brief", tools: [weather] });
  assert(input_tokens > 0 && longer.input_tokens > input_tokens);
  assertEquals(served.upstream.requests.length, 0);
});

Deno.test("anthropic: thinking arrives as blocks, in JSON and in a stream", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { messages: api } = connect(served);
  const thinking = { type: "enabled" as const, budget_tokens: 1024 };
  const answers = [
    await api.create({ ...request, thinking }),
    await api.stream({ ...request, thinking }).finalMessage(),
  ];
  for (const { content } of answers) {
    assertEquals(content.map(({ type }) => type), ["thinking", "text"]);
    const [thought] = content;
    assert(thought!.type === "thinking" && thought!.thinking && thought!.signature);
  }
});

Deno.test("anthropic: a tool is called and its result is answered, in JSON and in a stream", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { messages: api } = connect(served);
  const first = { ...request, messages: [asked], tools: [weather] };
  for (const message of [await api.create(first), await api.stream(first).finalMessage()]) {
    const call = message.content.at(-1)!;
    if (call.type !== "tool_use") throw new Error(`No call, but ${call.type}`);
    assertEquals([message.stop_reason, call.name], ["tool_use", "get_weather"]);
    assertEquals(Object.keys(call.input as object), ["city"]);
    const second = await api.create({
      ...first,
      messages: [asked, { role: "assistant", content: message.content }, {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: call.id, content: "-3 °C" }],
      }],
    });
    assertStringIncludes(toText(second), "-3 °C");
  }
});

Deno.test("anthropic: images are sent in Anthropic's form", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const source = {
    type: "base64" as const,
    media_type: "image/png" as const,
    data: "iVBORw0KGgo=",
  };
  const content = [{ type: "image" as const, source }, { type: "text" as const, text: "Look" }];
  const answer = await connect(served).messages.create({
    ...request,
    messages: [{ role: "user", content }],
  });
  assertStringIncludes(toText(answer), "image");
});

Deno.test("anthropic: the token is accepted as apiKey, which the SDK sends as x-api-key", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const baseURL = served.baseURL.replace(/\/v1$/, "");
  const client = new Anthropic({ baseURL, apiKey: TOKEN, authToken: null });
  assertEquals((await client.messages.create(request)).type, "message");
});

Deno.test("anthropic: works on platforms without sub-paths", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { origin } = new URL(served.baseURL);
  const client = new Anthropic({
    baseURL: `${origin}/functions`,
    authToken: TOKEN,
    apiKey: null,
    fetch: (url, init) =>
      fetch(String(url).replace("/functions/v1/", "/functions/v1?route="), init),
  });
  assertEquals((await client.messages.create(request)).type, "message");
});

Deno.test("anthropic: breaking out of a stream aborts the generation", async () => {
  await using server = serve({ chunkDelayMs: 20 });
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  for await (const _ of await connect(served).messages.create({ ...request, stream: true })) break;
  assert(await server.requests.at(-1)!.cancelled);
});

Deno.test("anthropic: an invalid token is an AuthenticationError", async () => {
  await using served = await serveV1();
  const { baseURL } = served;
  const client = new Anthropic({
    baseURL: baseURL.replace(/\/v1$/, ""),
    authToken: "anon_key",
    apiKey: null,
    maxRetries: 0,
  });
  const error = await assertRejects(
    () => client.messages.create(request),
    Anthropic.AuthenticationError,
  );
  assertEquals([error.type, toErrorCode(error)], ["authentication_error", "AUTH_UNAUTHORIZED"]);
});

for (const failure of FAILURES) {
  Deno.test(`anthropic: ${failure.name} is an error of its own class`, async () => {
    await assertFails(failure, false);
    await assertFails(failure, true);
  });
}

Deno.test("anthropic: a stream that fails midway throws our error with its message", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const faults: [Simulation, RegExp][] = [
    [{ fail: "event", after: 8 }, /failed or could not be reached/],
    [{ fail: "event", after: 8, code: 429 }, /rate limit is reached/],
    [{ fail: "cut", after: 8 }, /ended before the response was complete/],
    [{ fail: "cut_frame", after: 8 }, /ended before the response was complete/],
    [{ fail: "stall", after: 8, stall_ms: 1 }, /ended before the response was complete/],
  ];
  for (const [simulate, message] of faults) {
    const stream = await connect(served).messages.create(
      { ...request, stream: true, simulate } as typeof request & { stream: true },
    );
    const types: string[] = [];
    const error = await assertRejects(async () => {
      for await (const { type } of stream) types.push(type);
    }, Anthropic.APIError);
    // The SDK drops the ping, which is one of the eight events.
    assertEquals([types.length, types.at(-1)], [7, "content_block_delta"]);
    assertMatch(error.message, message);
    assertEquals(error.type, simulate.code ? "rate_limit_error" : "api_error");
  }
});

/** The class by status; all other statuses from 500 are InternalServerError. */
// deno-lint-ignore no-explicit-any
const CLASSES: Record<number, abstract new (...args: any[]) => Error> = {
  400: Anthropic.BadRequestError,
  402: Anthropic.APIError,
  403: Anthropic.PermissionDeniedError,
  413: Anthropic.APIError,
  429: Anthropic.RateLimitError,
};

async function assertFails(failure: Failure, stream: boolean): Promise<void> {
  await using served = await serveV1();
  served.upstream.reply(...failure.replies);
  const error = await assertRejects(
    async () => await connect(served).messages.create({ ...request, stream }),
    Anthropic.APIError,
  );
  assertInstanceOf(error, CLASSES[failure.status] ?? Anthropic.InternalServerError);
  assertEquals([error.status, toErrorCode(error)], [failure.status, failure.code]);
  assertMatch(error.message, failure.message);
}

/** Our code in an error of Anthropic's SDK. */
function toErrorCode({ error }: InstanceType<typeof Anthropic.APIError>): string {
  return (error as { error: { metadata: { error_code: string } } }).error.metadata.error_code;
}

function toText({ content }: Anthropic.Message): string {
  return content.map((block) => block.type === "text" ? block.text : "").join("");
}

function connect({ baseURL }: Served): Anthropic {
  return new Anthropic({
    baseURL: baseURL.replace(/\/v1$/, ""), // the SDK adds it
    authToken: TOKEN,
    apiKey: null,
    maxRetries: 0,
  });
}
