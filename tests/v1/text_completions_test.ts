/** OpenAI's first API for completions. */
import { assertEquals } from "@std/assert";
import { textProtocol } from "../../functions/v1/text_completions.ts";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, OPAQUE_USER, send } from "../support/caller.ts";
import { createUpstream, type Reply, type Upstream, USAGE } from "../support/upstream.ts";

const PATH = { path: "/v1/completions" };
const WHOLE = {
  id: "gen-1",
  object: "text_completion",
  model: "a/b",
  choices: [{ text: " a time", index: 0, finish_reason: "stop" }],
  usage: USAGE,
};

function chunk(text: string, finish_reason: string | null = null): string {
  const choices = [{ text, index: 0, finish_reason }];
  return `data: ${JSON.stringify({ id: "gen-1", model: "a/b", choices })}\n\n`;
}

Deno.test("POST /v1/completions continues a text, with a model and an output limit", async () => {
  const { answer: { status, body }, upstream } = await post({ prompt: "Once upon" }, {
    json: WHOLE,
  });
  assertEquals([status, body], [200, WHOLE]);
  assertEquals(upstream.requests[0]!.path, "/api/v1/completions");
  assertEquals(upstream.requests[0]!.body, {
    model: "openai/gpt-4o-mini",
    prompt: "Once upon",
    max_tokens: 4096,
    stream: false,
    user: OPAQUE_USER,
  });
});

Deno.test("POST /v1/completions streams OpenRouter's bytes", async () => {
  const sse = [chunk(" a"), chunk(" time", "stop"), "data: [DONE]\n\n"];
  const { answer, upstream } = await post({ prompt: "Once", stream: true }, { sse });
  assertEquals(answer.text, sse.join(""));
  assertEquals(upstream.requests[0]!.body.stream_options, { include_usage: true });
});

Deno.test("POST /v1/completions ends a cut stream with an error in OpenAI's shape", async () => {
  const sse = [chunk(" a"), chunk(" time")];
  const { answer: { text } } = await post({ prompt: "a", stream: true }, { sse, end: "cut" });
  const last = JSON.parse(text.trim().split("\n\n").at(-1)!.slice("data: ".length));
  assertEquals([last.error.code, last.error.metadata.error_code], [502, "AI_UPSTREAM_UNAVAILABLE"]);
});

Deno.test("POST /v1/completions returns 502 for a response without choices", async () => {
  const { answer: { status } } = await post({ prompt: "a" }, { json: { id: "gen-1" } });
  assertEquals(status, 502);
});

Deno.test("converts between a stream of completions and a whole one", () => {
  const { choices, usage, ...about } = WHOLE;
  const pieces = [
    { ...about, choices: [{ text: " a", index: 0 }] },
    { ...about, choices: [{ text: " time", index: 0, finish_reason: "stop" }] },
    { ...about, choices: [], usage },
  ];
  assertEquals(textProtocol.toResponse(pieces), { ...about, choices, usage });
  assertEquals(textProtocol.toEvents(WHOLE), [WHOLE]);
  assertEquals(textProtocol.toEvents({}), []);
  const failed = { error: { message: "x" } };
  assertEquals(textProtocol.toResponse([...pieces, failed]), failed);
});

async function post(body: object, reply: Reply) {
  await using upstream: Upstream = await createUpstream();
  upstream.reply(reply);
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  return { answer: await send(handler, environment, body, PATH), upstream };
}
