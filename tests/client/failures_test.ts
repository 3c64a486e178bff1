/** How the client reports everything that fails between an app and the functions. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AiError } from "../../client/mod.ts";
import { chunk, createUpstream, DONE, type Reply, streamOf } from "../support/upstream.ts";
import { collect, createClientFor, createClientOf, join } from "./host.ts";

const REQUEST = { prompt: "Hello" };

Deno.test("an error response becomes an AiError with all its details", async () => {
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
  assert(part?.type === "error" && rest.length === 0);
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

Deno.test("an error response of v1 becomes an AiError with our code and next actions", async () => {
  await using host = await createUpstream();
  const metadata = { error_code: "AI_INVALID_MODEL", next_actions: "Choose another model" };
  const error = { message: "No such model", type: "invalid_request_error", code: 404, metadata };
  host.reply({ status: 404, json: { error } });
  const thrown = await assertRejects(() => createClientOf(host).chat(REQUEST), AiError);
  assertEquals([thrown.status, thrown.code, thrown.message, thrown.nextActions], [
    404,
    "AI_INVALID_MODEL",
    "No such model",
    "Choose another model",
  ]);
});

Deno.test("error responses of the platform become an AiError", async () => {
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
      "400 REQUEST_FAILED No",
    ],
    [
      {
        status: 401,
        json: {
          error: { message: "No", code: 401, metadata: { error_code: "AUTH_UNAUTHORIZED" } },
        },
      },
      "401 AUTH_UNAUTHORIZED No",
    ],
    [
      { status: 400, json: { error: { code: 1 } } },
      "400 REQUEST_FAILED The functions responded with status 400",
    ],
    [{ status: 503, json: null }, "503 REQUEST_FAILED The functions responded with status 503"],
    [{ status: 502, ...page }, "502 REQUEST_FAILED The functions responded with status 502"],
    [page, "200 REQUEST_FAILED The response must be JSON"],
    [{ reset: true }, "0 NETWORK_ERROR The functions could not be reached"],
    [broken, "0 NETWORK_ERROR The connection broke during the response"],
  ];
  for (const [reply, expected] of cases) {
    // A new server each time: on a reused connection `fetch` repeats the request after a reset.
    await using host = await createUpstream();
    host.reply(reply);
    const client = createClientOf(host);
    const { status, code, message } = await assertRejects(() => client.chat(REQUEST), AiError);
    assertEquals(`${status} ${code} ${message}`, expected);
  }
});

Deno.test("reads Retry-After as seconds or as a date, and ignores other values", async () => {
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

Deno.test("ends with an error part when a stream fails or lacks a finish reason", async () => {
  const hello = chunk({ content: "Hello" });
  const failure = { error: { code: "AI_UPSTREAM_UNAVAILABLE", message: "It stalled" } };
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
      "The stream has an event that is not JSON",
    ],
  ];
  await using host = await createUpstream();
  const client = createClientOf(host);
  for (const [name, reply, code, message] of cases) {
    host.reply({ ...reply, headers: { "x-request-id": "request-2" } });
    const [text, last, ...rest] = join(await collect(client.stream(REQUEST)));
    assertEquals([text, rest], [{ type: "text", text: "Hello" }, []], name);
    assert(last?.type === "error", name);
    const { error } = last;
    assertEquals([error.status, error.code, error.message, error.requestId], [
      200,
      code,
      message,
      "request-2",
    ], name);
  }
});

Deno.test("treats a stream as complete when it is cut after its finish reason", async () => {
  await using host = await createUpstream();
  host.reply({ sse: streamOf("Hello").slice(0, 3), end: "cut" });
  const parts = await collect(createClientOf(host).stream(REQUEST));
  assertEquals(parts.map(({ type }) => type), ["text", "finish"]);
});

Deno.test("reports an error when the app's own fetch throws or consumes the body", async () => {
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
    assert(last?.type === "error");
    assertEquals(last.error.code, code);
    await assertRejects(() => client.chat(REQUEST), AiError);
  }
});

Deno.test("reports an error for responses of an unknown shape", async () => {
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
      assert(last?.type === "error", body);
      assertEquals(last.error.code, "STREAM_INCOMPLETE");
    }
  }
});

Deno.test("calls chat when stream is not deployed, and yields the same parts", async () => {
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
  assert(last?.type === "error");
  assertEquals([last.error.status, last.error.message], [404, "Function not found"]);
});

Deno.test("throws the signal's reason when a call is aborted, at any stage", async () => {
  await using host = await createUpstream();
  const reason = new Error("the user closed the page");

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
  assert(await host.requests.at(-1)!.cancelled, "the connection must be closed");
  assertEquals(await stream.next(), { value: undefined, done: true });
});

Deno.test("throws a TimeoutError when the caller's timeout signal fires", async () => {
  // The server never accepts the connection.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = createClientOf({ url: `http://127.0.0.1:${listener.addr.port}` });
  const signal = AbortSignal.timeout(20);
  const thrown = await assertRejects(() => client.chat(REQUEST, { signal }));
  assertEquals(thrown.name, "TimeoutError");
});

Deno.test("throws the app's own mistakes unchanged, from streams as well", async () => {
  const client = createClientFor(() => new Response());
  const request = { prompt: "a", trace: { id: 1n } }; // JSON has no BigInt
  await assertRejects(() => client.chat(request), TypeError);
  await assertRejects(() => collect(client.stream(request)), TypeError);
});
