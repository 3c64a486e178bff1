/** What the client makes of everything that goes wrong between an app and the functions. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AiError } from "../../client/mod.ts";
import { chunk, createUpstream, DONE, type Reply, streamOf } from "../support/upstream.ts";
import { collect, createClientFor, createClientOf, join } from "./host.ts";

const REQUEST = { prompt: "Hello" };

Deno.test("a refusal is an error with everything the answer says of it", async () => {
  await using host = await createUpstream();
  const body = {
    error: "RATE_LIMITED",
    message: "Too many requests",
    statusCode: 429,
    nextActions: "Wait",
  };
  const reply = {
    status: 429,
    json: body,
    headers: { "retry-after": "12", "x-request-id": "request-1" },
  };
  host.reply(reply, reply);
  const client = createClientOf(host);

  const thrown = await assertRejects(() => client.chat(REQUEST), AiError);
  const [part, ...rest] = await collect(client.stream(REQUEST));
  assert(part.type === "error" && rest.length === 0);
  for (const error of [thrown, part.error]) {
    assertEquals(error.name, "AiError");
    assertEquals([error.status, error.code, error.message], [
      429,
      "RATE_LIMITED",
      "Too many requests",
    ]);
    assertEquals([error.requestId, error.retryAfterSeconds, error.nextActions], [
      "request-1",
      12,
      "Wait",
    ]);
  }
});

Deno.test("what the platform answers in place of a function is an error as well", async () => {
  const page = { text: "<html>", headers: { "content-type": "text/html" } };
  const broken: Reply = { text: "{", headers: { "content-length": "100" }, end: "cut" };
  const cases: [Reply, string][] = [
    [{ status: 504, json: { error: "Function timeout" } }, "504 REQUEST_FAILED Function timeout"],
    [
      { status: 500, json: { error: "Function failed", message: "No x" } },
      "500 REQUEST_FAILED No x",
    ],
    [
      { status: 400, json: { error: { message: "No" } } },
      "400 REQUEST_FAILED The functions answered with status 400",
    ],
    [{ status: 503, json: null }, "503 REQUEST_FAILED The functions answered with status 503"],
    [{ status: 502, ...page }, "502 REQUEST_FAILED The functions answered with status 502"],
    [page, "200 REQUEST_FAILED The answer must be JSON, but is not"],
    [{ reset: true }, "0 NETWORK_ERROR The functions could not be reached"],
    [broken, "0 NETWORK_ERROR The answer broke off"],
  ];
  for (const [reply, expected] of cases) {
    // On a connection that was used before, `fetch` itself asks again after a reset.
    await using host = await createUpstream();
    host.reply(reply);
    const client = createClientOf(host);
    const { status, code, message } = await assertRejects(() => client.chat(REQUEST), AiError);
    assertEquals(`${status} ${code} ${message}`, expected);
  }
});

Deno.test("Retry-After is seconds, or a date, or not understood", async () => {
  await using host = await createUpstream();
  const read = async (value: string) => {
    host.reply({ status: 429, json: {}, headers: { "retry-after": value } });
    const error = await assertRejects(() => createClientOf(host).chat(REQUEST), AiError);
    return error.retryAfterSeconds;
  };
  assertEquals([await read("0"), await read("1.5"), await read("soon")], [0, 1.5, undefined]);
  assertEquals(await read(new Date(0).toUTCString()), 0);
  const seconds = await read(new Date(Date.now() + 60_000).toUTCString());
  assert(seconds! > 50 && seconds! <= 60, String(seconds));
});

Deno.test("a stream that fails, or ends without a finish reason, ends with an error", async () => {
  const hello = chunk({ content: "Hello" });
  const failure = {
    error: { code: "AI_UPSTREAM_UNAVAILABLE", message: "It stalled" },
    choices: [],
  };
  const ended = "The stream ended before the answer was complete";
  const cases: [string, Reply, string, string][] = [
    [
      "an error event",
      { sse: [hello, `data: ${JSON.stringify(failure)}\n\n`] },
      "AI_UPSTREAM_UNAVAILABLE",
      "It stalled",
    ],
    ["a cut", { sse: [hello, chunk({}).slice(0, 40)], end: "cut" }, "STREAM_INCOMPLETE", ended],
    ["a proper end too early", { sse: [hello] }, "STREAM_INCOMPLETE", ended],
    ["no finish reason", { sse: [hello, DONE] }, "STREAM_INCOMPLETE", ended],
    [
      "no JSON",
      { sse: [hello, "data: {\n\n"] },
      "STREAM_INCOMPLETE",
      "The stream holds an event that cannot be read",
    ],
  ];
  await using host = await createUpstream();
  const client = createClientOf(host);
  for (const [name, reply, code, message] of cases) {
    host.reply({ ...reply, headers: { "x-request-id": "request-2" } });
    const [text, last, ...rest] = join(await collect(client.stream(REQUEST)));
    assertEquals([text, rest], [{ type: "text", text: "Hello" }, []], name);
    assert(last.type === "error", name);
    const { error } = last;
    assertEquals([error.status, error.code, error.message, error.requestId], [
      200,
      code,
      message,
      "request-2",
    ], name);
  }
});

Deno.test("a stream that is cut after its finish reason is complete", async () => {
  await using host = await createUpstream();
  host.reply({ sse: streamOf("Hello").slice(0, 3), end: "cut" });
  const parts = await collect(createClientOf(host).stream(REQUEST));
  assertEquals(parts.map(({ type }) => type), ["text", "finish"]);
});

Deno.test("a fetch of the app's own that fails by itself, or reads the answer, fails like any other", async () => {
  const fail = () => {
    throw new TypeError("offline");
  };
  const read = async () => {
    const response = new Response(streamOf("Hello").join(""));
    await response.text();
    return response;
  };
  for (const [fetch, code] of [[fail, "NETWORK_ERROR"], [read, "STREAM_INCOMPLETE"]] as const) {
    const client = createClientOf({ url: "http://host.test" }, { fetch });
    const [last] = await collect(client.stream(REQUEST));
    assert(last.type === "error");
    assertEquals(last.error.code, code);
    await assertRejects(() => client.chat(REQUEST), AiError);
  }
});

Deno.test("answers of no known shape are errors, not crashes", async () => {
  const bodies = ["null", "[]", "1", '{"status":"ok"}', '{"choices":null}', "{}"];
  const odd = ['"images":[{}]', '"tool_calls":{}', '"tool_calls":[null]', '"annotations":1'];
  bodies.push('{"choices":{}}', '{"choices":[null]}', ...odd.map((fields) => `{${fields}}`));
  bodies.push(...odd.map((fields) => `{"choices":[{"delta":{${fields}}}]}`));
  for (const body of bodies) {
    for (const type of ["application/json", "text/event-stream"]) {
      const text = type === "application/json" ? body : `data: ${body}\n\n`;
      const client = createClientFor(() =>
        new Response(text, { headers: { "content-type": type } })
      );
      const [last] = await collect(client.stream(REQUEST));
      assert(last.type === "error", body);
      assertEquals(last.error.code, "STREAM_INCOMPLETE");
    }
  }
});

Deno.test("where stream is not deployed, chat answers in the same parts", async () => {
  await using host = await createUpstream();
  const json = {
    id: "gen-1",
    model: "m",
    text: "Hello",
    finish_reason: "tool_calls",
    reasoning: "Hm",
    tool_calls: ["a", "b"].map((id) => ({
      id,
      type: "function",
      function: { name: "f", arguments: "{}" },
    })),
    images: [{ image_url: { url: "https://example.com/a.png" } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
  host.reply({ status: 404, json: { error: "Function not found" } }, { json });
  const parts = await collect(createClientOf(host).stream({ ...REQUEST, stream: true }));
  assertEquals(parts as unknown[], [
    { type: "reasoning", text: "Hm", details: undefined },
    { type: "text", text: "Hello" },
    { type: "image", url: "https://example.com/a.png" },
    { type: "tool-call", id: "a", name: "f", arguments: "{}" },
    { type: "tool-call", id: "b", name: "f", arguments: "{}" },
    { type: "usage", usage: json.usage },
    { type: "finish", reason: "tool_calls", id: "gen-1", model: "m" },
  ]);
  assertEquals(host.requests.map(({ path, body }) => [path.split("/").at(-1), body]), [
    ["stream", { prompt: "Hello", stream: true }],
    ["chat", { prompt: "Hello" }],
  ]);

  host.reply({ status: 404, json: { error: "Function not found" } }, {
    status: 404,
    json: { error: "Function not found" },
  });
  const [last] = await collect(createClientOf(host).stream(REQUEST));
  assert(last.type === "error");
  assertEquals([last.error.status, last.error.message], [404, "Function not found"]);
});

Deno.test("an aborted call throws the signal's reason, wherever it was", async () => {
  await using host = await createUpstream();
  const reason = new Error("the user left");

  const aborted = AbortSignal.abort(reason);
  const client = createClientOf(host);
  assertEquals(await assertRejects(() => client.chat(REQUEST, { signal: aborted })), reason);
  assertEquals(
    await assertRejects(() => collect(client.stream(REQUEST, { signal: aborted }))),
    reason,
  );

  const asking = new AbortController();
  const waiting = createClientOf(host, {
    getAccessToken() {
      queueMicrotask(() => asking.abort(reason));
      return new Promise(() => {});
    },
  });
  assertEquals(
    await assertRejects(() => waiting.chat(REQUEST, { signal: asking.signal })),
    reason,
  );

  const answering = new AbortController();
  host.reply((request) => {
    answering.abort(reason);
    return request.cancelled.then(() => ({ json: {} }));
  });
  assertEquals(
    await assertRejects(() => client.embeddings({ input: "a" }, { signal: answering.signal })),
    reason,
  );

  const streaming = new AbortController();
  host.reply({ sse: streamOf("Hello").slice(0, 2), end: "hang" });
  const stream = client.stream(REQUEST, { signal: streaming.signal });
  assertEquals((await stream.next()).value, { type: "text", text: "Hello" });
  streaming.abort(reason);
  assertEquals(await assertRejects(() => stream.next()), reason);
  assert(await host.requests.at(-1)!.cancelled, "the connection is closed");
  assertEquals(await stream.next(), { value: undefined, done: true });
});

Deno.test("a timeout of the caller's own is the reason as well", async () => {
  // Nobody accepts what connects, whenever that is.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = createClientOf({ url: `http://127.0.0.1:${listener.addr.port}` });
  const signal = AbortSignal.timeout(20);
  const thrown = await assertRejects(() => client.chat(REQUEST, { signal }));
  assertEquals(thrown.name, "TimeoutError");
});

Deno.test("a mistake of the app's own is thrown as it is, by streams too", async () => {
  const client = createClientFor(() => new Response());
  await assertRejects(() => client.chat({ prompt: "a", seed: 1n }), TypeError);
  await assertRejects(() => collect(client.stream({ prompt: "a", seed: 1n })), TypeError);
});
