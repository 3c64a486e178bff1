import { assertEquals } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, logs, PROMPT, send } from "../support/caller.ts";
import { COMMENT, createUpstream, DONE, type Upstream } from "../support/upstream.ts";

Deno.test("POST /v1/responses passes a response both ways", async () => {
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
  const [{ path, body }] = upstream.requests;
  assertEquals(path, "/api/v1/responses");
  assertEquals(body, {
    ...request,
    model: "openai/gpt-4o-mini",
    max_output_tokens: 4096,
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
  Deno.test(`POST /v1/responses answers ${status} for a response ${kind}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply({ json: { ...response(), ...odd } });
    const answer = await respond(upstream, { input: "Hi" });
    assertEquals([answer.status, answer.body.error.code], [status, code]);
  });
}

Deno.test("POST /v1/responses answers with a status while a stream has said nothing", async () => {
  await using upstream = await createUpstream();
  const error = { code: "unknown", message: "Too odd" };
  const failed = event("response.failed", {
    response: { ...response(), status: "failed", error, error_type: "invalid_prompt" },
  });
  upstream.reply({ sse: [CREATED, event("response.debug", {}), failed] });
  const answer = await respond(upstream, { input: "Hi", stream: true });
  assertEquals([answer.status, answer.body.error.message], [400, "Too odd"]);
});

const BROKEN_ENDS: [string, string[]][] = [
  ["fails", [event("response.failed", { response: { error: { code: "server_error" } } })]],
  ["sends an error", [event("error", { code: "server_error", message: "x", param: null })]],
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

function respond({ url }: Upstream, request: unknown) {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: url });
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
