/** `stream` for chatbot-ui: its request body, and the answer as plain text. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import handler from "../../functions/stream/index.ts";
import { createRouter } from "../../tools/functions.ts";
import { createEnvironment, logs, PROMPT, send, TOKEN } from "../support/caller.ts";
import { chunk, createUpstream, DONE, type Reply, streamOf } from "../support/upstream.ts";

const messages = [
  { role: "system", content: "You are a friendly, helpful AI assistant." },
  { role: "user", content: PROMPT },
];
const chatSettings = {
  model: "openai/gpt-4o",
  prompt: "You are a friendly, helpful AI assistant.",
  temperature: 0.5,
  contextLength: 4096,
  includeProfileContext: true,
  includeWorkspaceInstructions: true,
  embeddingsProvider: "openai",
};

Deno.test("chatSettings: sends model and temperature to OpenRouter, and streams events", async () => {
  await using project = await serveStream({ sse: streamOf("Hel", "lo") });
  const response = await project.ask({ chatSettings, messages });
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(await response.text(), streamOf("Hel", "lo").join(""));
  const { user: _, stream_options: __, ...sent } = project.upstream.requests[0]!.body;
  assertEquals(sent, {
    model: "openai/gpt-4o",
    messages,
    temperature: 0.5,
    max_tokens: 4096,
    stream: true,
  });
});

Deno.test("Accept: text/plain returns the text of the answer as it streams", async () => {
  const events = streamOf("Grü", "ße", " 🌍");
  for (const [chop, end] of [[undefined, "\n"], [1, "\n"], [3, "\r\n"]] as const) {
    const sse = events.map((event) => event.replaceAll("\n", end));
    await using project = await serveStream({ sse, chop });
    const response = await project.ask({ chatSettings, messages }, { Accept: "text/plain" });
    assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
    assertEquals([response.status, await response.text()], [200, "Grüße 🌍"]);
  }
});

Deno.test("Accept: text/plain delivers the first words before the end of the answer", async () => {
  await using project = await serveStream({ sse: [chunk({ content: "first" })], end: "hang" });
  const response = await project.ask({ prompt: PROMPT }, { Accept: "text/plain, */*" });
  const reader = response.body!.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "first");
  await reader.cancel();
  assertEquals(await project.upstream.requests[0]!.cancelled, true);
});

Deno.test("Accept: text/plain returns the text of the first choice alone", async () => {
  const parts = [{ type: "text", text: "a" }, { type: "thinking" }];
  const sse = [
    chunk({ reasoning: "hm" }),
    chunk({ content: parts }),
    chunk({ content: "b" }),
    chunk({ tool_calls: [{ index: 0, function: { name: "f", arguments: "{}" } }] }),
    chunk({}, {}, "stop"),
    DONE,
  ];
  await using project = await serveStream({ sse });
  const response = await project.ask({ prompt: PROMPT }, { Accept: "text/plain" });
  assertEquals(await response.text(), "ab");
});

const BREAKS: [string, Reply][] = [
  ["an error event", { sse: [chunk({ content: "Once" }), chunk({}, { error: { code: 429 } })] }],
  ["a cut stream", { sse: [chunk({ content: "Once" })], end: "cut" }],
];
for (const [situation, reply] of BREAKS) {
  Deno.test(`Accept: text/plain breaks the connection after ${situation}`, async () => {
    await using project = await serveStream(reply);
    const response = await project.ask({ prompt: PROMPT }, { Accept: "text/plain" });
    assertEquals(response.status, 200);
    const reader = response.body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "Once");
    await assertRejects(() => reader.read());
    assertEquals(logs.at(-1)!.error, "AI_UPSTREAM_UNAVAILABLE");
  });
}

Deno.test("Accept: text/plain returns a failure before the first byte as JSON with a status", async () => {
  const error = { code: 402, message: "Insufficient credits" };
  await using project = await serveStream({ status: 402, json: { error } });
  const response = await project.ask({ chatSettings, messages }, { Accept: "text/plain" });
  const body = await response.json();
  assertEquals([response.status, body.error], [402, "BILLING_INSUFFICIENT_BALANCE"]);
  assert(typeof body.message === "string");
});

for (
  const accept of ["*/*", "text/event-stream, text/plain", "application/json, text/plain, */*"]
) {
  Deno.test(`Accept: ${accept} returns events`, async () => {
    await using project = await serveStream({ sse: streamOf("hi") });
    const response = await project.ask({ prompt: PROMPT }, { Accept: accept });
    assertEquals(await response.text(), streamOf("hi").join(""));
  });
}

for (
  const [body, message] of [
    [{ chatSettings: {}, messages }, '"chatSettings.model" is required'],
    [
      { chatSettings: { model: "a/b", temperature: "0" }, messages },
      '"chatSettings.temperature" must be a number',
    ],
    [
      { chatSettings, messages, temperature: 1 },
      '"temperature" cannot be combined with "chatSettings"',
    ],
    [{ chatSettings, messages, model: "a/b" }, '"model" cannot be combined with "chatSettings"'],
    [{ chatSettings, prompt: PROMPT }, '"prompt" cannot be combined with "chatSettings"'],
    [{ chatSettings }, 'Either "prompt" or "messages" must be given, and not both'],
  ] as [unknown, string][]
) {
  Deno.test(`POST /stream rejects chatSettings: ${message}`, async () => {
    const { status, body: { message: text } } = await send(handler, createEnvironment(), body);
    assertEquals([status, text], [400, message]);
  });
}

Deno.test("POST /stream rejects several answers as plain text", async () => {
  const options = { headers: { Accept: "text/plain" } };
  const body = { prompt: PROMPT, n: 2 };
  const answer = await send(handler, createEnvironment(), body, options);
  assertEquals([answer.status, answer.body.message], [
    400,
    '"n" must be 1, because plain text is one answer',
  ]);
});

Deno.test("POST /stream rejects a model of chatSettings that ALLOWED_MODELS does not list", async () => {
  const environment = createEnvironment({ ALLOWED_MODELS: "openai/gpt-4o-mini" });
  const { status, body } = await send(handler, environment, { chatSettings, messages });
  assertEquals([status, body.error], [400, "AI_INVALID_MODEL"]);
});

/** The function over real HTTP, with a scripted OpenRouter that replies once. */
async function serveStream(reply: Reply) {
  await using started = new AsyncDisposableStack();
  const upstream = started.use(await createUpstream());
  upstream.reply(reply);
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const route = createRouter(new Map([["stream", handler]]), environment);
  const server = started.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => route(request)),
  );
  const stop = started.move();
  return {
    upstream,
    ask: (body: unknown, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${server.addr.port}/stream`, {
        method: "POST",
        headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}
