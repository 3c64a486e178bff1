import OpenAI from "openai";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { toErrorCode } from "../clients/openai_errors.ts";
import { type Served, serveV1 } from "../clients/served.ts";
import { serve } from "../local/openrouter_server.ts";
import { createInsForge } from "../shared/fake_insforge.ts";
import {
  API_KEY,
  createEnvironment,
  logs,
  OPAQUE_USER,
  PROMPT,
  send,
  TOKEN,
} from "../support/caller.ts";
import { COMMENT, createUpstream, DONE, type Upstream } from "../support/upstream.ts";

Deno.test("POST /v1/responses passes request and response through unchanged", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: response() });
  const request = {
    input: PROMPT,
    instructions: "Be brief",
    store: false,
    reasoning: { effort: "low" },
    tools: [
      { type: "function", name: "f", parameters: { type: "object" }, strict: null },
      { type: "openrouter:web_search" },
    ],
    a_field_of_tomorrow: [1],
  };
  const answer = await respond(upstream, request);
  assertEquals([answer.status, answer.body], [200, response()]);
  const { path, body } = upstream.requests[0]!;
  assertEquals(path, "/api/v1/responses");
  assertEquals(body, {
    ...request,
    model: "openai/gpt-4o-mini",
    max_output_tokens: 4096,
    user: OPAQUE_USER,
    stream: false,
    tools: [
      request.tools[0],
      { type: "openrouter:web_search", parameters: { max_results: 5, max_total_results: 10 } },
    ],
  });
  const { model, generation_id, prompt_tokens, completion_tokens, cost } = logs.at(-1)!;
  assertEquals(
    [model, generation_id, prompt_tokens, completion_tokens, cost],
    ["openai/gpt-4o-mini", "resp_1", 7, 3, 0.001],
  );
});

Deno.test("POST /v1/responses streams OpenRouter's bytes", async () => {
  await using upstream = await createUpstream();
  const events = [
    COMMENT,
    CREATED,
    event("response.output_text.delta", { delta: "Hel" }),
    event("response.output_text.delta", { delta: "lo" }),
    event("response.completed", { response: response() }),
    DONE,
  ];
  upstream.reply({ sse: events, chop: 7 });
  const request = { input: "Hi", stream: true };
  const answer = await respond(upstream, request);
  assertEquals([answer.status, answer.text], [200, events.join("")]);
  const { stream, model, generation_id, prompt_tokens, cost } = logs.at(-1)!;
  assertEquals([stream, model, generation_id, prompt_tokens, cost], [
    "complete",
    "openai/gpt-4o-mini",
    "resp_1",
    7,
    0.001,
  ]);
});

const CREATED = event("response.created", {
  response: { ...response(), status: "in_progress", output: [], usage: null },
});

Deno.test("POST /v1/responses charges a cut stream for its output, and not for repeated output", async () => {
  await using upstream = await createUpstream();
  await using ledger = createInsForge();
  ledger.replyAlways(200, { decisions: [], look_ups: [], prices_due: false });
  const text = "word ".repeat(800); // a thousand tokens
  upstream.reply({
    sse: [
      event("response.created", { response: { ...response(), instructions: text.repeat(3) } }),
      event("response.output_text.delta", { delta: text }),
      event("response.output_text.done", { text }),
    ],
    end: "cut",
  });
  const values = { INSFORGE_BASE_URL: ledger.url, API_KEY };
  await respond(upstream, { input: "Hi", stream: true }, values);
  const [{ completion_tokens }] = JSON.parse(ledger.requests.at(-1)!.text).charges;
  assertEquals(Math.round(completion_tokens / 1_000), 1);
});

const FAILED_RESPONSES: [string, Record<string, unknown>, number, string][] = [
  [
    "that failed",
    {
      status: "failed",
      error: { code: "invalid_prompt", message: "Too odd" },
    },
    400,
    "INVALID_INPUT",
  ],
  [
    "that failed in OpenRouter's words",
    {
      status: "failed",
      error_type: "context_length_exceeded",
      error: { code: "unknown", message: "Too long" },
    },
    400,
    "INVALID_INPUT",
  ],
  ["that failed without words", { status: "failed" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  ["that is none", { output: undefined }, 502, "AI_UPSTREAM_UNAVAILABLE"],
];
for (const [kind, odd, status, code] of FAILED_RESPONSES) {
  Deno.test(`POST /v1/responses returns ${status} for a response ${kind}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: { ...response(), ...odd } });
    const answer = await respond(upstream, { input: "Hi" });
    assertEquals([answer.status, answer.body.error.metadata.error_code], [status, code]);
  });
}

Deno.test("POST /v1/responses returns a status when a stream fails before its first output", async () => {
  await using upstream = await createUpstream();
  const error = { code: "unknown", message: "Too odd" };
  const failed = event("response.failed", {
    response: { ...response(), status: "failed", error, error_type: "invalid_prompt" },
  });
  upstream.reply({ sse: [CREATED, event("response.debug", {}), failed] });
  const answer = await respond(upstream, { input: "Hi", stream: true });
  assertEquals([answer.status, answer.body.error.message], [400, "Too odd"]);
  assertEquals(logs.at(-1)!.cost, 0.001, "what a failed response says it cost is charged");
});

for (const item of [{ type: "item_reference", id: "msg_1" }, { id: "msg_1" }]) {
  Deno.test(`POST /v1/responses rejects the reference ${JSON.stringify(item)} and says what to send`, async () => {
    await using upstream = await createUpstream();
    const input = [{ role: "user", content: "Hi" }, item];
    const { status, body } = await respond(upstream, { input, store: false });
    assertEquals([status, body.error.param, body.error.message], [
      400,
      "input[1].type",
      '"input[1].type" must not be "item_reference", because no items are stored; send the ' +
      'items themselves, with the AI SDK by "store": false',
    ]);
    assertEquals(upstream.requests.length, 0);
  });
}

Deno.test("POST /v1/responses sends items with ids of their own", async () => {
  await using upstream = await createUpstream();
  const input = [
    { id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
    { id: "rs_1", type: "reasoning", summary: [] },
    { role: "user", content: "Go on" },
  ];
  upstream.reply({ json: response() });
  assertEquals((await respond(upstream, { input })).status, 200);
  assertEquals(upstream.requests[0]!.body.input, input);
});

Deno.test("POST /v1/responses reports an error without a type, and removes the key from it", async () => {
  await using upstream = await createUpstream();
  const error = { code: 400, message: "No such key: sk-or-v1-canary-0123456789abcdef" };
  upstream.reply({ sse: [CREATED, `data: ${JSON.stringify({ error })}\n\n`] });
  const answer = await respond(upstream, { input: "Hi", stream: true });
  assertEquals([answer.status, answer.body.error.message], [400, "No such key: [removed]"]);
});

Deno.test("POST /v1/responses returns the error of a JSON response to a streamed request", async () => {
  await using upstream = await createUpstream();
  upstream.reply({
    json: { error: { code: 403, message: "Flagged", metadata: { reasons: ["x"] } } },
  });
  const answer = await respond(upstream, { input: "Hi", stream: true });
  assertEquals([answer.status, answer.body.error.metadata.error_code], [403, "FORBIDDEN"]);
});

const BROKEN_ENDS: [string, string[]][] = [
  ["fails", [event("response.failed", { response: { error: { code: "server_error" } } })]],
  ["sends an error", [event("error", { code: "server_error", message: "x", param: null })]],
  ["sends an error without a type", ['data: {"error":{"code":502,"message":"x"}}\n\n']],
  ["is cut", []],
];
for (const [kind, end] of BROKEN_ENDS) {
  Deno.test(`POST /v1/responses ends with an error event when a stream ${kind}`, async () => {
    await using upstream = await createUpstream();
    const events = [CREATED, event("response.output_text.delta", { delta: "Hel" })];
    upstream.reply({ sse: [...events, ...end] });
    const request = { input: "Hi", stream: true };
    const { status, text } = await respond(upstream, request);
    assertEquals([status, text.startsWith(events.join(""))], [200, true]);
    const last = JSON.parse(text.slice(events.join("").length).replace(/^data: /, ""));
    assertEquals([last.type, last.code, last.error.code], [
      "error",
      "AI_UPSTREAM_UNAVAILABLE",
      "AI_UPSTREAM_UNAVAILABLE",
    ]);
    assertEquals(logs.at(-1)!.stream, "AI_UPSTREAM_UNAVAILABLE");
  });
}

/** Outputs without text, in a response that was finished and billed. */
const WITHOUT_TEXT: [string, unknown[]][] = [
  ["without output", []],
  ["whose message has no content", [{ type: "message", content: [] }]],
  ["whose message has no text", [{
    type: "message",
    content: [{ type: "output_text", text: "", annotations: [] }],
  }]],
];
const NOTHING_GENERATED = { input_tokens: 7, output_tokens: 0, total_tokens: 7, cost: 0 };

for (const [kind, output] of WITHOUT_TEXT) {
  const finished = { ...response(), output };
  const ungenerated = { ...finished, usage: NOTHING_GENERATED };

  Deno.test(`POST /v1/responses returns a finished response ${kind} after one upstream call`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: finished });
    const answer = await respond(upstream, { input: "Hi" });
    assertEquals([answer.status, answer.body], [200, finished]);
  });

  Deno.test(`POST /v1/responses retries a response ${kind} that used no output tokens`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: ungenerated }, { json: response() });
    const answer = await respond(upstream, { input: "Hi" });
    assertEquals([answer.status, answer.body], [200, response()]);
  });

  Deno.test(`POST /v1/responses delivers a finished stream ${kind}, and retries one that used no output tokens`, async () => {
    await using upstream = await createUpstream();
    const items = output.map((item) => event("response.output_item.added", { item }));
    const parts = output.length > 0
      ? [
        event("response.content_part.added", { part: { type: "output_text", text: "" } }),
        event("response.output_text.done", { text: "" }),
      ]
      : [];
    const stream = (response: unknown) => [
      CREATED,
      ...items,
      ...parts,
      event("response.completed", { response }),
      DONE,
    ];
    upstream.reply({ sse: stream(ungenerated) }, { sse: stream(finished) });
    const { status, text } = await respond(upstream, { input: "Hi", stream: true });
    assertEquals([status, text], [200, stream(finished).join("")]);
  });
}

Deno.test("POST /v1/responses accepts a response that holds only reasoning or a tool call", async () => {
  for (const item of [{ type: "reasoning", summary: [] }, { type: "function_call", name: "f" }]) {
    await using upstream = await createUpstream();
    upstream.reply({ json: { ...response(), output: [item] } });
    assertEquals((await respond(upstream, { input: "Hi" })).status, 200);
  }
});

Deno.test("openai: responses.create returns and streams the same text", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { responses } = connect(served);
  const request = { model: "openai/gpt-4o-mini", input: "What should I cook tonight?" };
  const whole = await responses.create(request);
  assertStringIncludes(whole.output_text, "simulated");
  const events = await Array.fromAsync(
    await responses.create({ ...request, stream: true }),
  );
  const deltas = events.map((event) =>
    event.type === "response.output_text.delta" ? event.delta : ""
  );
  assertEquals(deltas.join(""), whole.output_text);
  const last = events.at(-1)!;
  assertEquals(last.type === "response.completed" && last.response.usage, whole.usage);
  const collected = await responses.stream(request).finalResponse();
  assertEquals(collected.output_text, whole.output_text);
});

Deno.test("openai: responses.create calls a function and accepts its result", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { responses } = connect(served);
  const asked = { role: "user" as const, content: "What is the weather in Oslo?" };
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const tool = { type: "function" as const, name: "weather", strict: null, parameters };
  const model = "openai/gpt-4o-mini";
  const first = await responses.create({ model, input: [asked], tools: [tool] });
  const call = first.output[0]!;
  if (call.type !== "function_call") throw new Error(`no call, but ${call.type}`);
  assertEquals([call.name, Object.keys(JSON.parse(call.arguments))], ["weather", ["city"]]);
  const result = { type: "function_call_output" as const, call_id: call.call_id, output: "-3 °C" };
  const input = [asked, call, result];
  const second = await responses.create({ model, input, tools: [tool] });
  assertStringIncludes(second.output_text, "`weather` says: -3 °C");
});

const FAULTS: [Simulation, number, string][] = [
  [{ status: 429, retry_after: 60 }, 429, "RATE_LIMITED"],
  [{ fail: "body", code: 429 }, 429, "RATE_LIMITED"],
  [{ fail: "body", code: 400 }, 400, "INVALID_INPUT"],
  [{ fail: "cut" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  [{ answer: "empty" }, 502, "AI_UPSTREAM_UNAVAILABLE"],
  [{ credits: 0 }, 402, "BILLING_INSUFFICIENT_BALANCE"],
];

Deno.test("openai: responses.create throws the error of a failed response", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { responses } = connect(served);
  for (const [simulate, status, code] of FAULTS) {
    const request = { model: "openai/gpt-4o-mini", input: "Hi", simulate };
    const error = await assertRejects(
      () => responses.create(request as never),
      OpenAI.APIError,
    );
    assertEquals([error.status, toErrorCode(error)], [status, code]);
  }
});

Deno.test("openai: responses.create throws the error of a stream that fails midway", async () => {
  await using server = serve();
  await using served = await serveV1({ OPENROUTER_BASE_URL: server.url });
  const { responses } = connect(served);
  const faults: Simulation[] = [
    { fail: "event", after: 8 },
    { fail: "event", after: 8, error_shape: "response.error" },
    { fail: "event", after: 8, error_shape: "error" },
    { fail: "cut", after: 8 },
    { fail: "cut_frame", after: 8 },
    { fail: "stall", after: 8, stall_ms: 1 },
  ];
  for (const simulate of faults) {
    const request = { model: "openai/gpt-4o-mini", input: "Hi", stream: true, simulate };
    const events = await responses.create(request as never) as never as AsyncIterable<
      { type: string }
    >;
    const types: string[] = [];
    const error = await assertRejects(async () => {
      for await (const { type } of events) types.push(type);
    }, OpenAI.APIError);
    assertEquals([error.code, types.length], ["AI_UPSTREAM_UNAVAILABLE", 8]);
    assertEquals(types.at(-1), "response.output_text.delta");
  }
});

function connect({ baseURL }: Served): OpenAI {
  return new OpenAI({ apiKey: TOKEN, baseURL, maxRetries: 0 });
}

function respond({ url }: Upstream, request: unknown, values: Record<string, string> = {}) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url, ...values });
  return send(handler, environment, request, { path: "/v1/responses" });
}

/** A response as OpenRouter sends it. */
function response(): Record<string, unknown> {
  return {
    id: "resp_1",
    object: "response",
    created_at: 1_700_000_000,
    model: "openai/gpt-4o-mini",
    status: "completed",
    error: null,
    incomplete_details: null,
    output: [{
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Hello!", annotations: [] }],
    }],
    usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10, cost: 0.001 },
  };
}

function event(type: string, rest: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}
