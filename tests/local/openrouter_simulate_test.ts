/** The field `simulate` of requests to the simulated OpenRouter. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { APIError } from "openai";
import { createSimulatedOpenRouter, type Simulation } from "../../tools/local/openrouter/mod.ts";
import { MODEL, readEvents, serve } from "./openrouter_server.ts";

const TOOLS = [
  { type: "function", function: { name: "add", parameters: { type: "object", properties: {} } } },
  { type: "function", function: { name: "sub" } },
];

Deno.test("returns an error status with OpenRouter's usual message, or with a given one", async () => {
  await using server = serve();
  for (
    const status of [400, 401, 402, 403, 404, 408, 413, 422, 429, 451, 500, 502, 503, 504, 524, 529]
  ) {
    const response = await server.chat("x", { simulate: { status } });
    const { error } = await response.json();
    assertEquals([response.status, error.code, typeof error.message], [status, status, "string"]);
    assertEquals(response.headers.get("retry-after"), null);
  }
  const simulate: Simulation = {
    status: 403,
    message: "Flagged",
    error_type: "refusal",
    metadata: { reasons: ["violence"] },
  };
  const { error } = await (await server.chat("x", { simulate })).json();
  assertEquals([error.message, error.metadata.error_type], ["Flagged", "refusal"]);
  assertEquals(error.metadata.reasons, ["violence"]);
});

Deno.test("returns rate limits in headers, or only in the metadata", async () => {
  await using server = serve({ now: () => 1_760_000_000_000 });
  const limit = async (simulate: Simulation) => {
    const response = await server.chat("x", { simulate: { status: 429, ...simulate } });
    return { headers: response.headers, error: (await response.json()).error };
  };
  const told = await limit({ rate_limit: "headers", retry_after: 3600 });
  assertEquals(told.headers.get("x-ratelimit-reset"), "1760000060000");
  assertEquals(told.headers.get("retry-after"), "3600");
  const hidden = await limit({ rate_limit: "metadata" });
  assertEquals(hidden.headers.get("x-ratelimit-reset"), null);
  assertEquals(hidden.error.metadata.headers["X-RateLimit-Remaining"], "0");
});

Deno.test("returns an error as a page, as an empty body, or as a string", async () => {
  await using server = serve();
  const ask = async (body: Simulation["body"]) => {
    const response = await server.chat("x", { simulate: { status: 502, body } });
    assertEquals(response.status, 502);
    return [response.headers.get("content-type"), await response.text()];
  };
  const [type, page] = await ask("html");
  assertStringIncludes(type!, "text/html");
  assertStringIncludes(page!, "<h1>Error 502</h1>");
  assertEquals((await ask("empty"))[1], "");
  assertEquals(JSON.parse((await ask("string"))[1]!), { error: "Provider returned error" });
});

Deno.test("simulates only the first requests, counted by key or by body", async () => {
  await using server = serve();
  const statuses = async (simulate: Simulation, prompts: string[]) => {
    const seen: number[] = [];
    for (const prompt of prompts) {
      const response = await server.chat(prompt, { simulate });
      await response.body?.cancel();
      seen.push(response.status);
    }
    return seen;
  };
  const twice: Simulation = { status: 503, times: 2 };
  assertEquals(await statuses({ ...twice, key: "a" }, ["x", "y", "z", "z"]), [503, 503, 200, 200]);
  assertEquals(await statuses({ ...twice, key: "b" }, ["x"]), [503]);
  assertEquals(await statuses(twice, ["x", "x", "y", "x"]), [503, 503, 503, 200]);
});

Deno.test("OpenAI's SDK retries a failure that does not last", async () => {
  await using server = serve();
  const { choices } = await server.client.chat.completions.create(
    {
      model: MODEL,
      messages: [{ role: "user", content: "Hi" }],
      simulate: { status: 529, times: 2, retry_after: 0.01, text: "unseen" },
    } as never,
    { maxRetries: 2 },
  );
  assertStringIncludes(choices[0]!.message.content!, "simulated");
  assertEquals(server.requests.length, 3);
});

Deno.test("returns an error with status 200, instead of choices or inside the choice", async () => {
  await using server = serve();
  for (const stream of [true, false]) {
    const response = await server.chat("x", { stream, simulate: { fail: "body", code: 429 } });
    const body = await response.json();
    assertEquals([response.status, body.error.code, body.choices], [200, 429, undefined]);
    assertEquals(body.id, response.headers.get("x-generation-id"));
  }
  const event = await (await server.chat("x", { simulate: { fail: "event" } })).json();
  assertEquals([event.error.code, event.choices], [502, undefined]);
  const { choices: [choice] } = await (await server.chat("x", { simulate: { fail: "choice" } }))
    .json();
  assertEquals([choice.finish_reason, choice.error.code], ["error", 502]);
  assertGreater(choice.message.content.length, 0);
});

Deno.test("a stream fails with an event of any form, as its first event or in the middle", async () => {
  await using server = serve();
  const stream = async (simulate: Simulation) =>
    await readEvents(await server.chat("x", { stream: true, simulate }));

  const [only, ...none] = await stream({ fail: "event", after: 0, code: "server_error" });
  assertEquals([only.error.code, only.choices[0].finish_reason], ["server_error", "error"]);
  assertEquals(none, []);

  const middle = await stream({
    fail: "event",
    error_shape: "empty_choices",
    after: 2,
    done: true,
  });
  assertEquals(middle.length, 4);
  assertEquals([middle[2].choices, middle[2].error.code, middle[3]], [[], 502, "[DONE]"]);

  const bare = (await stream({ fail: "event", error_shape: "no_choices" })).at(-1);
  assertEquals([bare.choices, bare.error.code], [undefined, 502]);
  const text = (await stream({ fail: "event", error_shape: "string" })).at(-1);
  assertEquals(text.error, "Provider returned error");
  const inside = (await stream({ fail: "choice" })).at(-1);
  assertEquals([inside.error, inside.choices[0].error.code], [undefined, 502]);

  const events = await stream({ fail: "native" });
  const [choice] = events.at(-2).choices;
  assertEquals([choice.finish_reason, choice.native_finish_reason], ["stop", "network_error"]);
  assert(events.slice(0, -1).every((chunk) => chunk.choices[0].delta.content === ""));
});

Deno.test("OpenAI's SDK throws the error of an event", async () => {
  await using server = serve();
  const events = await server.client.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
    simulate: { fail: "event", after: 2, code: 429 },
  } as never) as unknown as AsyncIterable<unknown>;
  let chunks = 0;
  const error = await assertRejects(async () => {
    for await (const _ of events) chunks++;
  }, APIError);
  assertEquals([chunks, error.code as unknown], [2, 429]);
});

Deno.test("cuts the connection after some chunks, or within one", async () => {
  await using server = serve();
  const cut = async (fields: Record<string, unknown>) => {
    const response = await server.chat("x", fields);
    let text = "";
    const decoder = new TextDecoder();
    await assertRejects(async () => {
      for await (const bytes of response.body!) text += decoder.decode(bytes, { stream: true });
    });
    return text;
  };
  const whole = await cut({ stream: true, simulate: { fail: "cut", after: 4 } });
  assertEquals(whole.split("data: ").length - 1, 4);
  assert(whole.endsWith("\n\n"));
  const torn = await cut({ stream: true, simulate: { fail: "cut_frame", after: 4 } });
  assertEquals(torn.split("data: ").length - 1, 5);
  assert(!torn.endsWith("\n"));
  const json = await cut({ simulate: { fail: "cut" } });
  assert(json.startsWith('{"id":"gen-'));
});

Deno.test("stalls until the connection is closed, with or without comments", async () => {
  await using server = serve();
  for (const fail of ["stall", "stall_with_comments"] as const) {
    const simulate: Simulation = { fail, after: 1, comments_before: 0, chunk_delay_ms: 1 };
    const reader = (await server.chat("x", { stream: true, simulate })).body!.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    assert((await next()).startsWith("data: "));
    if (fail === "stall_with_comments") assert((await next()).startsWith(": OPENROUTER"));
    await reader.cancel();
    assertEquals(await server.requests.at(-1)!.cancelled, true);
  }
  const simulate: Simulation = { fail: "stall", after: 1, stall_ms: 1 };
  const events = await readEvents(await server.chat("x", { stream: true, simulate }));
  assertEquals(events.length, 1);
});

Deno.test("bills a part of a stream when the connection is closed and the provider stops", async () => {
  await using server = serve();
  const simulate: Simulation = { fail: "stall", after: 6 };
  const leave = async (model: string) => {
    const response = await server.chat("Tell me of whales", { model, stream: true, simulate });
    const reader = response.body!.getReader();
    let text = "";
    while (text.split("data: ").length <= 6) {
      text += new TextDecoder().decode((await reader.read()).value);
    }
    await reader.cancel();
    assertEquals(await server.requests.at(-1)!.cancelled, true);
    const id = response.headers.get("x-generation-id");
    return (await (await server.get(`/generation?id=${id}`)).json()).data;
  };
  const stopped = await leave(MODEL);
  assertEquals([stopped.cancelled, stopped.streamed, stopped.tokens_completion], [true, true, 6]);
  assertLess(Math.abs(server.bill().total - stopped.total_cost), 1e-12);
  assertGreater((await leave("google/gemini-2.5-flash")).tokens_completion, 50);
});

Deno.test("notices a closed connection during delay_ms, and bills a request without a stream", async () => {
  const { handler, requests, bill } = createSimulatedOpenRouter();
  const abort = new AbortController();
  const answer = handler(
    new Request("http://openrouter.test/api/v1/chat/completions", {
      method: "POST",
      headers: { Authorization: "Bearer sk-or-v1-test" },
      body: JSON.stringify({
        model: MODEL,
        messages: [{ role: "user", content: "x" }],
        simulate: { delay_ms: 600_000 },
      }),
      signal: abort.signal,
    }),
  );
  abort.abort();
  assertEquals((await answer).status, 200);
  assertEquals(await requests[0]!.cancelled, true);
  assertEquals(bill().generations, 1);
});

Deno.test("sends comments before the first chunk and between all others", async () => {
  await using server = serve();
  const simulate: Simulation = { text: "one two", comments_before: 3, comments_between: 2 };
  const text = await (await server.chat("x", { stream: true, simulate })).text();
  const comment = ": OPENROUTER PROCESSING\n\n";
  assert(text.startsWith(comment.repeat(3) + "data: "));
  assertEquals(text.split(comment).length - 1, 3 + 3 * 2); // four chunks
});

Deno.test("a chopped stream has the same bytes, split inside events and characters", async () => {
  await using server = serve();
  const simulate: Simulation = { text: "Grüße 🌍🌍 an alle", chop: 3 };
  const response = await server.chat("x", { stream: true, simulate });
  const sizes: number[] = [];
  const decoder = new TextDecoder();
  let text = "";
  let torn = false;
  for await (const bytes of response.body!) {
    sizes.push(bytes.length);
    const alone = new TextDecoder().decode(bytes);
    text += decoder.decode(bytes, { stream: true });
    torn ||= alone.includes("\uFFFD");
  }
  assertGreater(sizes.length, 50);
  assert(torn, "no character was cut");
  assertStringIncludes(text, '"content":" 🌍🌍"');
  assert(text.endsWith("data: [DONE]\n\n"));

  const runner = server.client.chat.completions.stream(
    {
      model: MODEL,
      messages: [{ role: "user", content: "x" }],
      simulate,
    } as never,
  );
  assertEquals(await runner.finalContent(), "Grüße 🌍🌍 an alle");
});

Deno.test("sends usage in every known form, or not at all", async () => {
  await using server = serve();
  const stream = async (simulate: Simulation) =>
    (await readEvents(
      await server.chat("x", { stream: true, simulate: { text: "a", ...simulate } }),
    ))
      .filter((chunk) => chunk !== "[DONE]");
  const finishes = (chunks: { choices: { finish_reason: string | null }[] }[]) =>
    chunks.map(({ choices }) => choices[0]?.finish_reason);
  assertEquals(finishes(await stream({ usage: "A" })), [null, "stop", "stop"]);
  assertEquals(finishes(await stream({ usage: "B" })), [null, "stop", undefined]);
  assertEquals(finishes(await stream({ usage: "C" })), [null, "stop", null]);
  assertEquals(finishes(await stream({ usage: "D" })), [null, "stop"]);
  for (const usage of ["A", "B", "C", "D"] as const) {
    assertEquals((await stream({ usage })).at(-1).usage.completion_tokens, 1);
  }
  const none = await stream({ usage: "none" });
  assert(none.every((chunk) => chunk.usage === undefined));
  assertEquals(finishes(await stream({ usage: "B", repeat_finish: true })), [
    null,
    "stop",
    "stop",
    undefined,
  ]);
});

Deno.test("leaves out [DONE], and sends a debug chunk first, when requested", async () => {
  await using server = serve();
  const events = await readEvents(
    await server.chat("x", {
      stream: true,
      debug: { echo_upstream_body: true },
      simulate: { done: false },
    }),
  );
  assertEquals(events[0].choices, []);
  assertEquals(events[0].debug.echo_upstream_body.messages[0].content, "x");
  assertEquals(events.at(-1).choices[0].finish_reason, "stop");
});

Deno.test("content is null or missing when there is no text", async () => {
  await using server = serve();
  const finish = async (content: Simulation["content"]) => {
    const events = await readEvents(
      await server.chat("x", { stream: true, simulate: { content } }),
    );
    return events.at(-2).choices[0].delta;
  };
  assertEquals(await finish("null"), { role: "assistant", content: null });
  assertEquals(await finish("missing"), { role: "assistant" });
  const simulate: Simulation = { answer: "empty", content: "missing" };
  const { choices: [{ message }] } = await (await server.chat("x", { simulate })).json();
  assertEquals("content" in message, false);
});

Deno.test("returns an empty answer, or a refusal", async () => {
  await using server = serve();
  const answer = async (answer: Simulation["answer"]) =>
    (await (await server.chat("x", { simulate: { answer } })).json()).choices[0];
  const empty = await answer("empty");
  assertEquals([empty.message.content, empty.finish_reason], ["", "stop"]);
  const refused = await answer("refusal");
  assertEquals([refused.message.content, refused.finish_reason], ["", "content_filter"]);
  assertStringIncludes(refused.message.refusal, "can’t help");
});

Deno.test("sends tool calls in every known form", async () => {
  await using server = serve();
  const call = async (shape: Simulation["tool_calls"]) => {
    const simulate: Simulation = { tool_calls: shape, usage: "B" };
    const events = await readEvents(
      await server.chat("x", { stream: true, tools: TOOLS, simulate }),
    );
    const choices = events.slice(0, -2).map((chunk) => chunk.choices[0]);
    const calls = choices.flatMap(({ delta }) => delta.tool_calls ?? []);
    return { choices, calls, starts: calls.filter(({ id }) => id) };
  };
  const fragmented = await call("fragmented");
  assertEquals(fragmented.calls.map((call) => call.function.arguments).join(""), "{}");
  assertEquals(fragmented.calls[0].function, { name: "add", arguments: "" });
  assertEquals((await call("whole")).calls.map((call) => call.function.arguments), ["{}"]);
  const names = async (shape: Simulation["tool_calls"]) =>
    (await call(shape)).starts.map(({ index, function: { name } }) => [index, name]);
  assertEquals(await names("parallel"), [[0, "add"], [1, "sub"]]);
  assertEquals(await names("same_index"), [[0, "add"], [0, "sub"]]);
  assertEquals(await names("index_gap"), [[1, "add"]]);
  const last = (await call("with_finish")).choices.at(-1);
  assertEquals([last.finish_reason, last.delta.tool_calls.length], ["tool_calls", 1]);
  const never = await call("no_finish");
  assert(never.choices.every(({ finish_reason }) => finish_reason === null));
  assertEquals((await call("empty_arguments")).calls.at(-1).function.arguments, "");

  const whole = await (await server.chat("x", {
    tools: TOOLS,
    simulate: { tool_calls: "parallel" },
  })).json();
  assertEquals(whole.choices[0].message.tool_calls.length, 2);
});

Deno.test("returns vectors in another order, empty, too few, or as unrequested base64", async () => {
  await using server = serve();
  const embed = async (vectors: Simulation["vectors"]) =>
    (await (await server.post("/embeddings", {
      model: "openai/text-embedding-3-small",
      input: ["a", "b"],
      simulate: { vectors },
    })).json()).data;
  assertEquals((await embed("unordered")).map(({ index }: { index: number }) => index), [1, 0]);
  assertEquals((await embed("empty"))[0].embedding, []);
  assertEquals((await embed("missing")).length, 1);
  assertEquals(typeof (await embed("base64"))[0].embedding, "string");
});

Deno.test("embeddings and images fail as requested, too", async () => {
  await using server = serve();
  const requests: [string, Record<string, unknown>][] = [
    ["/embeddings", { model: "openai/text-embedding-3-small", input: "a" }],
    ["/images", { model: "openai/gpt-5-image", prompt: "a" }],
  ];
  for (const [path, body] of requests) {
    const refused = await server.post(path, { ...body, simulate: { status: 503, retry_after: 1 } });
    await refused.body?.cancel();
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    const inside = await server.post(path, { ...body, simulate: { fail: "body" } });
    assertEquals([inside.status, (await inside.json()).error.code], [200, 502]);
    const cut = await server.post(path, { ...body, simulate: { fail: "cut" } });
    assertInstanceOf(await assertRejects(() => cut.text()), Error);
  }
});

Deno.test("returns a finished turn without text, with tokens and a native finish reason", async () => {
  await using server = serve();
  const simulate: Simulation = { answer: "no_text", native_finish_reason: "IMAGE_SAFETY" };
  const { choices: [choice], usage } = await (await server.chat("x", { simulate })).json();
  assertEquals([choice.finish_reason, choice.native_finish_reason], ["stop", "IMAGE_SAFETY"]);
  assertEquals(choice.message.content, "");
  assertGreater(usage.completion_tokens, 0);
});

Deno.test("returns cost 0 and the upstream cost when the project's own provider key pays", async () => {
  await using server = serve();
  const simulate: Simulation = { byok: true };
  const { id, usage } = await (await server.chat("x", { simulate })).json();
  const { upstream_inference_cost } = usage.cost_details;
  assertEquals([usage.cost, usage.is_byok, server.bill().total], [0, true, 0]);
  assertGreater(upstream_inference_cost, 0);
  const { data } = await (await server.get(`/generation?id=${id}`)).json();
  assertEquals([data.total_cost, data.is_byok, data.upstream_inference_cost], [
    0,
    true,
    upstream_inference_cost,
  ]);
});

Deno.test("returns content as a list, arguments as an object, and empty audio and error", async () => {
  await using server = serve();
  const odd: Simulation = { content: "parts", audio: "empty", empty_error: "object" };
  const body = await (await server.chat("x", { simulate: { ...odd, text: "Hi" } })).json();
  const { message } = body.choices[0];
  assertEquals([message.content, message.audio, body.error], [
    [{ type: "text", text: "Hi" }],
    {},
    {},
  ]);
  const [chunk] = await readEvents(await server.chat("x", { simulate: odd, stream: true }));
  const { delta } = chunk.choices[0];
  assertEquals([delta.content[0].type, delta.audio, chunk.error], ["text", {}, {}]);

  const thinking = await server.chat("x", { simulate: { content: "thinking" } });
  assertEquals((await thinking.json()).choices[0].message.content[0].type, "thinking");

  const simulate: Simulation = { tool_calls: "object_arguments" };
  const called = await (await server.chat("x", { simulate, tools: TOOLS })).json();
  assertEquals(called.choices[0].message.tool_calls[0].function.arguments, {});
  const events = await readEvents(
    await server.chat("x", { simulate, tools: TOOLS, stream: true }),
  );
  assertEquals(events[0].choices[0].delta.tool_calls[0].function.arguments, {});
});

Deno.test("returns JSON for a stream and events for JSON, with any content type", async () => {
  await using server = serve();
  const sse = await server.chat("x", { simulate: { form: "sse", content_type: "text/plain" } });
  assertEquals(sse.headers.get("content-type"), "text/plain");
  assertEquals((await readEvents(sse)).at(-1), "[DONE]");
  const simulate: Simulation = { form: "json", content_type: "text/event-stream" };
  const json = await server.chat("x", { simulate, stream: true });
  assertEquals(json.headers.get("content-type"), "text/event-stream");
  assertEquals((await json.json()).object, "chat.completion");
});

Deno.test("ends lines with CRLF, and has finish_reason in every chunk", async () => {
  await using server = serve();
  const simulate: Simulation = { line_end: "crlf", finish_every_chunk: true, chop: 3 };
  const text = await (await server.chat("x", { simulate, stream: true })).text();
  assertEquals(text.replaceAll("\r\n", "").includes("\n"), false);
  const chunks = text.split("\r\n").filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)));
  assertGreater(chunks.length, 3);
  for (const { choices: [choice] } of chunks) assertEquals(choice.finish_reason, "stop");
});

Deno.test("sends keep-alive comments before a late first chunk", async () => {
  await using server = serve();
  const simulate: Simulation = { comments_before: 3, comment_delay_ms: 1, first_delay_ms: 1 };
  const text = await (await server.chat("x", { simulate, stream: true })).text();
  assert(text.startsWith(": OPENROUTER PROCESSING\n\n".repeat(3) + "data: {"));
});
