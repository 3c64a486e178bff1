import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { type Call, MAX_LOG_CHARS } from "../../../shared/http/call.ts";
import { createEnvironment, createRequest, logs, send } from "../../support/caller.ts";

const TEXT = JSON.stringify({ text: "Grüße 🌍".repeat(1_000) });
const { app, handler } = createApp("probe");
let tasks: ((call: Call) => Promise<void>)[] = [];
app.use("*", async ({ env: call }, next) => {
  for (const task of tasks) call.atEnd(() => task(call));
  await next();
});
app.get("/json", (c) => c.body(TEXT, 200, { "Content-Type": "application/json", "X-Own": "1" }));
app.get("/stream", () => {
  const pieces = ReadableStream.from(["a", "b"]).pipeThrough(new TextEncoderStream());
  return new Response(pieces, { headers: { "Content-Type": "text/plain" } });
});
app.get("/fetched", () => fetch("data:application/json,{}"));
app.get("/worded", () => {
  const headers = { "Content-Type": "application/json", "Content-Length": "1", "ETag": "a" };
  return new Response("{}", { status: 203, statusText: "Worded", headers });
});
app.get("/nothing", (c) => c.body(null, 204));
app.get("/typed-nothing", () => {
  return new Response(null, { status: 204, headers: { "Content-Type": "application/json" } });
});
app.get("/long", ({ env: call, json }) => {
  call.log.model = "m".repeat(2 * MAX_LOG_CHARS);
  call.log.generation_id = { id: "not a text" } as never;
  call.log.cost = 1n as never;
  return json({});
});

function call(path: string, method = "GET"): Promise<Response> {
  const request = createRequest(undefined, { path: `/probe${path}`, method });
  return handler(request, createEnvironment());
}

Deno.test({
  name: "a JSON response is complete for the caller before its slow task has ended",
  async fn() {
    const gate = Promise.withResolvers<void>();
    tasks = [() => gate.promise];
    const lines = logs.length;
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => handler(request, createEnvironment()),
    );
    const url = `http://127.0.0.1:${server.addr.port}/probe/json`;
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    assertEquals(await response.text(), TEXT);
    assertEquals(response.headers.get("content-length"), String(new Blob([TEXT]).size));
    assertEquals(response.headers.get("x-own"), "1");
    assertEquals(logs.length, lines);
    gate.resolve();
    await server.shutdown();
    assertEquals([logs.length, logs.at(-1)!.status], [lines + 1, 200]);
  },
});

Deno.test("makes no stream of a JSON body, which would be slower to send", async () => {
  const { get } = Object.getOwnPropertyDescriptor(Response.prototype, "body")!;
  let reads = 0;
  Object.defineProperty(Response.prototype, "body", {
    configurable: true,
    get() {
      reads++;
      return get!.call(this);
    },
  });
  try {
    for (const list of [[], [() => Promise.resolve()]]) {
      tasks = list;
      const response = await call("/json");
      assertEquals([response.status, reads], [200, 0]);
      await response.text();
    }
  } finally {
    Object.defineProperty(Response.prototype, "body", { configurable: true, get });
  }
});

Deno.test("the body of a response closes when the tasks have ended, in their order", async () => {
  const ended: string[] = [];
  tasks = ["a", "b"].map((name) => () => Promise.resolve(void ended.push(name)));
  const response = await call("/json");
  assertEquals(ended, []);
  assertEquals(await response.text(), TEXT);
  assertEquals(ended, ["a", "b"]);
});

Deno.test("a response that stays open keeps its status, status text and headers", async () => {
  tasks = [() => Promise.resolve()];
  const response = await call("/worded");
  const { status, statusText, headers } = response;
  assertEquals([status, statusText, headers.get("etag")], [203, "Worded", "a"]);
  assertEquals([headers.get("content-length"), await response.text()], ["2", "{}"]);
});

Deno.test("a response of fetch, whose headers cannot be changed, stays open as well", async () => {
  let ended = 0;
  tasks = [() => Promise.resolve(void ended++)];
  const response = await call("/fetched");
  const { headers } = response;
  assertEquals([headers.get("content-length"), ended], ["2", 0]);
  assertEquals(headers.get("access-control-allow-origin"), "*");
  assertEquals([await response.text(), ended], ["{}", 1]);
});

Deno.test("the tasks run when the caller closes the connection without reading", async () => {
  let ended = 0;
  tasks = [() => Promise.resolve(void ended++)];
  await (await call("/json")).body!.cancel();
  assertEquals(ended, 1);
});

const WITHOUT_BODY = [["/nothing", "GET"], ["/typed-nothing", "GET"], ["/json", "HEAD"]] as const;
for (const [path, method] of WITHOUT_BODY) {
  Deno.test(`the tasks of ${method} ${path} end before the response without a body`, async () => {
    let ended = 0;
    tasks = [() => Promise.resolve(void ended++)];
    assertEquals((await call(path, method)).body, null);
    assertEquals(ended, 1);
  });
}

Deno.test("the tasks of a handler's own stream run after its last byte", async () => {
  let ended = 0;
  tasks = [() => Promise.resolve(void ended++)];
  const response = await call("/stream");
  assertEquals(ended, 0);
  assertEquals([await response.text(), ended], ["ab", 1]);
});

Deno.test("a response without tasks is returned as it is", async () => {
  tasks = [];
  const response = await call("/json");
  assertEquals(response.headers.get("content-length"), null);
  assertEquals(await response.text(), TEXT);
});

Deno.test("a task that throws is logged, and the tasks after it still run", async () => {
  let ended = 0;
  tasks = [
    () => Promise.reject(new Error("secret")),
    () => Promise.resolve(void ended++),
  ];
  assertEquals(await (await call("/json")).text(), TEXT);
  assertEquals(ended, 1);
  assert(String(logs.at(-1)!.cause).startsWith("Error at "));
});

Deno.test("a long text in the log line is cut, and what JSON cannot hold is left out", async () => {
  tasks = [];
  await send(handler, createEnvironment(), undefined, { path: "/probe/long", method: "GET" });
  const { model, generation_id, cost } = logs.at(-1)!;
  assertEquals([model, generation_id, cost], ["m".repeat(MAX_LOG_CHARS), undefined, undefined]);
});
