/** `/responses` of the simulated OpenRouter, mostly through OpenAI's SDK. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { APIError } from "openai";
import type { ResponseCreateParamsNonStreaming } from "openai/resources/responses/responses";
import type { Simulation } from "../../tools/local/openrouter/mod.ts";
import { MODEL, readEvents, serve, type Server } from "./openrouter_server.ts";

const input = "What should I cook tonight?";
const ADD = {
  type: "function" as const,
  name: "add",
  strict: null,
  parameters: { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
};
const THINKER = "openai/gpt-5-mini";

Deno.test("returns OpenAI's response with OpenRouter's id and cost, and bills it", async () => {
  await using server = serve();
  const { data, response } = await server.client.responses.create({
    model: MODEL,
    input,
    instructions: "Be brief",
  }).withResponse();
  assertMatch(data.id, /^gen-\d+-/);
  assertEquals(response.headers.get("x-generation-id"), data.id);
  assertEquals([data.object, data.status, data.error], ["response", "completed", null]);
  assertEquals([data.model, data.instructions], [MODEL, "Be brief"]);
  assertStringIncludes(data.output_text, "simulated");
  const { input_tokens, output_tokens, total_tokens, cost } = data.usage as never as Usage;
  assertEquals(total_tokens, input_tokens + output_tokens);
  assertEquals(server.bill(), { total: cost, generations: 1 });
  const found = await (await server.get(`/generation?id=${data.id}`)).json();
  assertEquals(found.data.total_cost, cost);
});

Deno.test("a response has the same answer as a chat completion", async () => {
  await using server = serve();
  const tool_calls = [{ id: "1", type: "function", function: { name: "add", arguments: "{}" } }];
  const asked = { role: "user", content: [{ type: "input_text", text: input }] };
  const schema = { type: "object", properties: { title: { type: "string" } } };
  const pairs: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ input }, { messages: [{ role: "user", content: input }] }],
    [
      { input: [asked], instructions: "Be brief" },
      {
        messages: [{ role: "system", content: "Be brief" }, { role: "user", content: input }],
      },
    ],
    [
      {
        input: [
          { type: "message", ...asked },
          { type: "reasoning", id: "rs_1", summary: [] },
          { type: "function_call", call_id: "1", name: "add", arguments: "{}" },
          { type: "function_call_output", call_id: "1", output: "42" },
        ],
      },
      {
        messages: [
          { role: "user", content: input },
          { role: "assistant", content: null, tool_calls },
          { role: "tool", tool_call_id: "1", content: "42" },
        ],
      },
    ],
    [
      { input, text: { format: { type: "json_schema", name: "dish", schema } } },
      {
        messages: [{ role: "user", content: input }],
        response_format: { type: "json_schema", json_schema: { name: "dish", schema } },
      },
    ],
  ];
  for (const [response, completion] of pairs) {
    const one = await ask(server, response);
    const other = await (await server.post("/chat/completions", { model: MODEL, ...completion }))
      .json();
    assertEquals(one.output.at(-1).content[0].text, other.choices[0].message.content);
    assertEquals(
      [one.usage.input_tokens, one.usage.output_tokens, one.usage.cost],
      [other.usage.prompt_tokens, other.usage.completion_tokens, other.usage.cost],
    );
  }
});

Deno.test("OpenAI's SDK reads the whole response from a stream", async () => {
  await using server = serve();
  const requests: Record<string, unknown>[] = [
    { input },
    { input, max_output_tokens: 16 },
    { input, tools: [ADD], tool_choice: "required" },
    { input, tools: [ADD], simulate: { tool_calls: "parallel" } },
    { input, tools: [ADD], simulate: { tool_calls: "empty_arguments" } },
    { input, tools: [{ type: "openrouter:web_search" }] },
    { input, model: THINKER, reasoning: { effort: "low" } },
    { input, simulate: { answer: "refusal" } },
    { input, simulate: { answer: "empty" } },
    { input, model: "google/gemini-2.5-flash-image", modalities: ["image", "text"] },
  ];
  for (const request of requests) {
    const whole = await ask(server, request);
    const stream = server.client.responses.stream({ model: MODEL, ...request } as never);
    const collected = JSON.parse(JSON.stringify(await stream.finalResponse()));
    assertEquals(withoutIds(collected), withoutIds(whole));
  }
});

Deno.test("numbers events, starts and finishes every part, and ends with [DONE]", async () => {
  await using server = serve();
  const events = await stream(server, { model: THINKER, reasoning: { effort: "low" } });
  assertEquals(events.pop(), "[DONE]");
  assertEquals(events.map(({ sequence_number }) => sequence_number), [...events.keys()]);
  const types = events.map(({ type }) => type).filter((type) => !type.endsWith(".delta"));
  const parts = (kind: string) => [
    "response.output_item.added",
    "response.content_part.added",
    `response.${kind}.done`,
    "response.content_part.done",
    "response.output_item.done",
  ];
  assertEquals(types, [
    "response.created",
    "response.in_progress",
    ...parts("reasoning_text"),
    ...parts("output_text"),
    "response.completed",
  ]);
  assertEquals([events[0].response.status, events[0].response.output], ["in_progress", []]);
  const { usage } = events.at(-1).response;
  assertGreater(usage.output_tokens_details.reasoning_tokens, 0);
  assertEquals(server.bill().total, usage.cost);
});

Deno.test("a stream starts with a comment, and with the provider's request when requested", async () => {
  await using server = serve();
  const request = { model: MODEL, input, stream: true, debug: { echo_upstream_body: true } };
  const text = await (await server.post("/responses", request)).text();
  assert(text.startsWith(": OPENROUTER PROCESSING\n\ndata: "));
  const [, first] = text.split("\n\n");
  const { type, debug } = JSON.parse(first!.slice(6));
  assertEquals(type, "response.debug");
  assertEquals(debug.echo_upstream_body.messages, [{ role: "user", content: input }]);
});

Deno.test("a response is incomplete when it reaches its token limit", async () => {
  await using server = serve();
  const { status, incomplete_details, output } = await ask(server, { max_output_tokens: 4 });
  assertEquals([status, incomplete_details], ["incomplete", { reason: "max_output_tokens" }]);
  assertEquals(output[0].status, "incomplete");
  const events = await stream(server, { max_output_tokens: 4 });
  assertEquals(events.at(-2).type, "response.incomplete");
});

Deno.test("a search returns its sources and is counted", async () => {
  await using server = serve();
  const tools = [{ type: "openrouter:web_search", parameters: { max_results: 2 } }];
  const { output, usage } = await ask(server, { tools });
  const [{ text, annotations }] = output.at(-1).content;
  const [{ url, start_index, end_index }] = annotations;
  assertStringIncludes(text.slice(start_index, end_index), url);
  assertEquals(usage.server_tool_use_details.web_search_requests, 2);
  assertEquals(output.map(({ type }: { type: string }) => type), [
    "openrouter:web_search",
    "openrouter:web_search",
    "message",
  ]);
});

const REFUSED: [string, Record<string, unknown>][] = [
  ["to be stored", { store: true }],
  ["that continues another", { previous_response_id: "gen-1" }],
  ["without input", { input: undefined }],
  ["of empty input", { input: [] }],
  ["of thoughts alone", { input: [{ type: "reasoning", id: "rs_1", summary: [] }] }],
  ["of a model that is none", { model: "nobody/nothing" }],
  ["in a format without schema", { text: { format: { type: "json_schema", name: "dish" } } }],
  ["to a call that another made", { input: [{ type: "function_call_output", call_id: "1" }] }],
];
for (const [kind, fields] of REFUSED) {
  Deno.test(`a response ${kind} is refused`, async () => {
    await using server = serve();
    const response = await server.post("/responses", { model: MODEL, input, ...fields });
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, 400]);
    assertEquals(server.bill().generations, 0);
  });
}

Deno.test("a response fails with an error status, or with 200 and status failed", async () => {
  await using server = serve();
  const refused = await server.post("/responses", { input, simulate: { status: 429 } });
  assertEquals([refused.status, (await refused.json()).error.code], [429, 429]);
  const words: [Simulation, string, string][] = [
    [{ fail: "body" }, "server_error", "provider_unavailable"],
    [{ fail: "event", code: 429 }, "rate_limit_exceeded", "rate_limit_exceeded"],
    [{ fail: "body", code: "cyber_policy", error_type: "refusal" }, "cyber_policy", "refusal"],
  ];
  for (const [simulate, code, type] of words) {
    const response = await server.post("/responses", { model: MODEL, input, simulate });
    const { id, status, error, error_type, output } = await response.json();
    assertEquals([response.status, status, error.code, error_type], [200, "failed", code, type]);
    assertEquals([id, output], [response.headers.get("x-generation-id"), []]);
  }
  assertEquals(server.bill().generations, 0);
});

Deno.test("a stream fails with any of three events, as its first event or in the middle", async () => {
  await using server = serve();
  const failed = await stream(server, { simulate: { fail: "event", after: 5, code: 400 } });
  const { type, sequence_number, response } = failed.at(-1);
  assertEquals([type, sequence_number, failed.length], ["response.failed", 5, 6]);
  assertEquals([response.status, response.error.code], ["failed", "invalid_prompt"]);
  const [only, ...none] = await stream(server, {
    simulate: { fail: "event", after: 0, error_shape: "error", message: "Too odd" },
  });
  assertEquals([only.type, only.code, only.message], ["error", "server_error", "Too odd"]);
  assertEquals(none, []);
  const other = await stream(server, {
    simulate: { fail: "event", error_shape: "response.error" },
  });
  assertEquals([other.at(-1).type, other.at(-1).error.code], ["response.error", "server_error"]);
});

Deno.test("OpenAI's SDK throws the error of an event", async () => {
  await using server = serve();
  const simulate = { fail: "event", error_shape: "response.error" };
  const events = await server.client.responses.create(
    { model: MODEL, input, stream: true, simulate } as never,
  ) as unknown as AsyncIterable<unknown>;
  const error = await assertRejects(() => Array.fromAsync(events), APIError);
  assertEquals(error.code, "server_error");
});

Deno.test("the stream of a response is cut, or ends early", async () => {
  await using server = serve();
  for (const fail of ["cut", "cut_frame"]) {
    const request = { model: MODEL, input, stream: true, simulate: { fail } };
    const response = await server.post("/responses", request);
    await assertRejects(() => response.text());
  }
  const events = await stream(server, { simulate: { fail: "stall", stall_ms: 1, after: 6 } });
  assertEquals([events.length, events.at(-1).type], [6, "response.output_text.delta"]);
});

Deno.test("an empty response has an empty message, or no message", async () => {
  await using server = serve();
  const contents = async (simulate: Simulation) => {
    const { status, output } = await ask(server, { simulate: { answer: "empty", ...simulate } });
    assertEquals(status, "completed");
    return output.map(({ content }: { content: unknown }) => content);
  };
  assertEquals(await contents({}), [[{ type: "output_text", text: "", annotations: [] }]]);
  assertEquals(await contents({ content: "null" }), [[]]);
  assertEquals(await contents({ content: "missing" }), []);
});

Deno.test("bills the delivered part of a response when the connection is closed", async () => {
  await using server = serve();
  const simulate: Simulation = { fail: "stall", after: 10 };
  const response = await server.post("/responses", { model: MODEL, input, stream: true, simulate });
  const reader = response.body!.getReader();
  let text = "";
  while (text.split("data: ").length <= 10) {
    text += new TextDecoder().decode((await reader.read()).value);
  }
  await reader.cancel();
  assertEquals(await server.requests.at(-1)!.cancelled, true);
  const deltas = text.split("response.output_text.delta").length - 1;
  const id = response.headers.get("x-generation-id");
  const { data } = await (await server.get(`/generation?id=${id}`)).json();
  assertEquals([data.cancelled, data.streamed, data.tokens_completion], [true, true, deltas]);
  assertEquals(server.bill().total, data.total_cost);
});

interface Usage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  cost: number;
}

// deno-lint-ignore no-explicit-any
async function ask(server: Server, fields: Record<string, unknown>): Promise<any> {
  const request = { model: MODEL, input, ...fields } as ResponseCreateParamsNonStreaming;
  return JSON.parse(JSON.stringify(await server.client.responses.create(request)));
}

async function stream(server: Server, fields: Record<string, unknown>) {
  return await readEvents(
    await server.post("/responses", { model: MODEL, input, stream: true, ...fields }),
  );
}

/** The parts of a response that do not change between calls, without fields that the SDK adds. */
function withoutIds(response: Record<string, unknown>): unknown {
  const accidents = new Set(["id", "created_at", "completed_at", "parsed", "parsed_arguments"]);
  accidents.add("output_parsed");
  return JSON.parse(
    JSON.stringify(response, (key, value) => accidents.has(key) ? undefined : value),
  );
}

Deno.test("rejects a reference to an earlier item, because responses are not stored", async () => {
  await using server = serve();
  const response = await server.post("/responses", {
    model: MODEL,
    input: [{ role: "user", content: "x" }, { type: "item_reference", id: "msg_1" }],
  });
  assertEquals([response.status, (await response.json()).error.code], [400, 400]);
});
