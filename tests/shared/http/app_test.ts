import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createEnvironment, logs, type RequestOptions, send } from "../../support/caller.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

const { app, handler } = createApp("probe");
app.post("/", (c) => c.json({ route: "/" }));
app.get("/", (c) => c.json({ route: "/" }));
app.post("/sub", (c) => c.json({ route: "/sub" }));
app.post("/sub/deep", (c) => c.json({ route: "/sub/deep" }));
app.get("/items/:id", (c) => c.json({ route: `/items/${c.req.param("id")}` }));
app.post("/throw/:kind", (c) => {
  throw THROWN[c.req.param("kind")];
});
app.post("/later/:kind", async (c) => {
  await Promise.resolve();
  throw THROWN[c.req.param("kind")];
});
app.post("/setting", (c) => c.json(c.env.settings.MAX_PROMPT_CHARS));
app.post("/log", (c) => {
  c.env.userId = "u";
  Object.assign(c.env.log, { model: "m", generation_id: "gen-1", cost: 0.5 });
  return c.json({});
});
const THROWN: Record<string, unknown> = {
  error: new Error("secret of the database"),
  text: "secret text",
  object: { message: "secret", status: 404 },
  nothing: undefined,
  null: null,
  aborted: new DOMException("secret", "AbortError"),
  refusal: new ApiError(402, "BILLING_INSUFFICIENT_BALANCE", "No credits", {
    nextActions: "Add credits",
    retryAfterSeconds: 1.2,
    headers: { "X-Any": "1" },
    cause: "secret cause",
  }),
};

/** Paths as platforms route them, and the route that each must reach. */
const PATHS: [path: string, route: string][] = [
  ["/probe", "/"],
  ["/probe/", "/"],
  ["/probe?x=1", "/"],
  ["/probe/?x=/sub", "/"],
  ["/", "/"],
  ["/?x=1", "/"],
  ["/probe/sub", "/sub"],
  ["/probe/sub/", "/sub"],
  ["/probe/sub?route=deep", "/sub"],
  ["/sub", "/sub"],
  ["/sub/", "/sub"],
  ["/sub?x=1", "/sub"],
  ["/sub/deep", "/sub/deep"],
  ["/probe/sub/deep", "/sub/deep"],
  ["/probe?route=sub", "/sub"],
  ["/probe?route=/sub", "/sub"],
  ["/probe?route=sub%2Fdeep", "/sub/deep"],
  ["/?route=sub", "/sub"],
  ["/probe?route=", "/"],
  ["//", "/"],
  ["//probe//sub///deep//", "/sub/deep"],
  ["//sub", "/sub"],
  ["/probe?route=//sub", "/sub"],
];

for (const [path, route] of PATHS) {
  Deno.test(`POST ${path} reaches the route ${route}`, async () => {
    const { status, body } = await call(path);
    assertEquals([status, body], [200, { route }]);
  });
}

for (
  const path of [
    "/probes",
    "/probe-2",
    "/pro",
    "/probe/probe",
    "/probe/sub/x",
    "//nowhere",
    "/PROBE",
    "/constructor",
    "/__proto__",
    "/probe?route=toString",
  ]
) {
  Deno.test(`POST ${path} returns 404 with CORS headers and the error body`, async () => {
    const { status, body, headers } = await call(path);
    assertEquals([status, body.error, body.statusCode], [404, "NOT_FOUND", 404]);
    assertMatch(body.message, /"probe"/);
    assertEquals(headers.get("access-control-allow-origin"), "*");
  });
}

Deno.test(
  "a path of half a million slashes returns 404 in linear time",
  { timeout: 60_000 },
  async () => {
    // In quadratic time this would take minutes.
    const { status } = await call("/probe" + "/".repeat(500_000) + "x");
    assertEquals(status, 404);
  },
);

Deno.test("a method without a route returns 405 and Allow lists the others", async () => {
  const root = await call("/probe", { method: "DELETE" });
  assertEquals([root.status, root.body.error], [405, "INVALID_INPUT"]);
  assertEquals(root.headers.get("allow")!.split(", ").sort(), ["GET", "OPTIONS", "POST"]);
  const sub = await call("/probe/sub", { method: "GET" });
  assertEquals([sub.status, sub.headers.get("allow")], [405, "POST, OPTIONS"]);
  const item = await call("/probe/items/7", { method: "POST" });
  assertEquals([item.status, item.headers.get("allow")], [405, "GET, OPTIONS"]);
  assertMatch(sub.body.message, /GET is not allowed here; use POST/);
});

Deno.test("HEAD returns the headers of GET, and 405 when there is no GET route", async () => {
  const answer = await handler(request("/probe", "HEAD"), createEnvironment());
  assertEquals([answer.status, await answer.text()], [200, ""]);
  assertEquals((await handler(request("/probe/sub", "HEAD"), createEnvironment())).status, 405);
});

Deno.test("the caller's request id is used in the response and in the log when it has the form of one", async () => {
  for (const id of ["trace-1", "a.b:c_d-9", "x".repeat(128)]) {
    const { headers } = await call("/probe", { headers: { "X-Request-Id": id } });
    assertEquals([headers.get("x-request-id"), logs.at(-1)!.request_id], [id, id]);
  }
  for (const id of ["", "x".repeat(129), "two words", "<script>", 'quo"te', "ümlaut"]) {
    const { headers } = await call("/probe", { headers: { "X-Request-Id": id } });
    assertMatch(headers.get("x-request-id")!, UUID);
    assertEquals(logs.at(-1)!.request_id, headers.get("x-request-id"));
  }
});

Deno.test("an ApiError is rendered with its status, body and headers, without its cause", async () => {
  for (const path of ["/throw/refusal", "/later/refusal"]) {
    const { status, body, headers, text } = await call(path);
    assertEquals(status, 402);
    assertEquals(body, {
      error: "BILLING_INSUFFICIENT_BALANCE",
      message: "No credits",
      statusCode: 402,
      nextActions: "Add credits",
    });
    assertEquals([headers.get("retry-after"), headers.get("x-any")], ["2", "1"]);
    assertMatch(headers.get("content-type")!, /^application\/json/);
    assert(!text.includes("secret"));
    assertEquals(logs.at(-1)!.error, "BILLING_INSUFFICIENT_BALANCE");
  }
});

for (const kind of ["error", "text", "object", "nothing", "null", "aborted"]) {
  Deno.test(`a thrown ${kind} returns a 500 without details, and the log line has its kind`, async () => {
    for (const path of [`/throw/${kind}`, `/later/${kind}`]) {
      const before = logs.length;
      const { status, body, headers, text } = await call(path);
      assertEquals([status, body.error, body.statusCode], [500, "INTERNAL_ERROR", 500]);
      assert(!text.includes("secret"), text);
      assertEquals(headers.get("access-control-allow-origin"), "*");
      assertMatch(headers.get("x-request-id")!, UUID);
      assertEquals(logs.length, before + 1);
      const line = logs[before]!;
      assertEquals(line.error, "INTERNAL_ERROR");
      assertMatch(String(line.cause), /^(Error|AbortError) at .*app_test|^thrown /);
      assert(!JSON.stringify(line).includes("secret"), JSON.stringify(line));
    }
  });
}

Deno.test("an invalid setting returns 500 with its name, only to requests that need it", async () => {
  const environment = createEnvironment({ MAX_PROMPT_CHARS: "many" });
  assertEquals((await call("/probe", {}, environment)).status, 200);
  const { status, body } = await call("/setting", {}, environment);
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assertMatch(body.message, /MAX_PROMPT_CHARS must be a whole number of characters/);
  assert(!body.message.includes("many"));
});

Deno.test("the log line of a plain request has exactly the documented fields", async () => {
  const before = logs.length;
  const { headers } = await call("/probe", { headers: { "X-Request-Id": "id-1" } });
  assertEquals(headers.get("x-generation-id"), null);
  assertEquals(logs.length, before + 1);
  const { timestamp, ms, first_byte_ms, ...line } = logs[before]!;
  assertEquals(line, { slug: "probe", request_id: "id-1", method: "POST", status: 200 });
  assert(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000);
  assert(Number(first_byte_ms) >= 0 && Number(ms) >= Number(first_byte_ms));
});

Deno.test("fields set by a handler are logged, and the generation id is also a response header", async () => {
  const { headers } = await call("/log");
  assertEquals(headers.get("x-generation-id"), "gen-1");
  const { user_id, model, generation_id, cost } = logs.at(-1)!;
  assertEquals([user_id, model, generation_id, cost], ["u", "m", "gen-1", 0.5]);
});

Deno.test("a preflight, a 404 and a 405 are logged", async () => {
  for (
    const [path, method, status] of [["/x", "OPTIONS", 204], ["/x", "POST", 404], ["/", "PUT", 405]]
  ) {
    await call(String(path), { method: String(method) });
    assertEquals([logs.at(-1)!.method, logs.at(-1)!.status], [method, status]);
  }
});

Deno.test("a second argument that is not an environment is ignored", async () => {
  const info = { remoteAddr: { hostname: "127.0.0.1" }, completed: Promise.resolve() };
  const response = await handler(request("/probe", "POST"), info as never);
  assertEquals(await response.json(), { route: "/" });
});

Deno.test("the handler works as a handler of Deno's own server", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    handler as never,
  );
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/probe`, { method: "POST" });
  assertEquals([response.status, await response.json()], [200, { route: "/" }]);
});

Deno.test("a function can choose the shape of its error bodies by their path", async () => {
  const { app, handler } = createApp("nested", {
    toErrorBody: ({ code, status }, path) => ({ path, error: { code, status } }),
  });
  app.post("/", () => {
    throw THROWN.refusal;
  });
  const answer = await send(handler, createEnvironment(), {}, { path: "/nested" });
  const refusal = { code: "BILLING_INSUFFICIENT_BALANCE", status: 402 };
  assertEquals(answer.body, { path: "/", error: refusal });
  const missing = await send(handler, createEnvironment(), {}, { path: "/nested/x" });
  assertEquals(missing.body, { path: "/x", error: { code: "NOT_FOUND", status: 404 } });
});

/** Outcomes that cannot be sent as they are, and the status of the response that is sent. */
const UNSENDABLE: [kind: string, outcome: () => unknown, status: number][] = [
  ["a response of fetch, whose headers cannot be changed", () => fetch("data:,x"), 200],
  ["a redirect, whose headers cannot be changed", () => Response.redirect("http://a.test/"), 302],
  ["a network error, which has the status 0", () => Response.error(), 500],
  ["an object that is not a response", () => ({ status: 200 }), 500],
  ["a response whose body was read", async () => {
    const response = Response.json({});
    await response.text();
    return response;
  }, 500],
  ["an error with a header that cannot be sent", () => {
    throw new ApiError(429, "RATE_LIMITED", "Slow", { headers: { "X-Bad": "a\nb" } });
  }, 429],
  ["an error with an endless wait", () => {
    throw new ApiError(429, "RATE_LIMITED", "Slow", { retryAfterSeconds: Infinity });
  }, 429],
  ["an error with a status that does not exist", () => {
    throw new ApiError(700, "RATE_LIMITED", "Slow");
  }, 500],
];

for (const [kind, outcome, expected] of UNSENDABLE) {
  Deno.test(`a route that ends in ${kind} returns ${expected} with CORS headers`, async () => {
    for (const task of [undefined, () => Promise.resolve()]) {
      const { app, handler } = createApp("odd");
      app.post("/", (c) => {
        if (task) c.env.atEnd(task);
        return outcome() as Response;
      });
      const { status, headers, body } = await send(handler, createEnvironment(), {});
      assertEquals(status, expected);
      assertEquals(headers.get("access-control-allow-origin"), "*");
      assertMatch(headers.get("x-request-id")!, UUID);
      assertEquals(headers.get("retry-after"), null);
      if (expected === 500) assertEquals(body.error, "INTERNAL_ERROR");
      assertEquals(logs.at(-1)!.status, expected);
    }
  });
}

Deno.test("a bug in rendering an error returns the generic 500", async () => {
  const { app, handler } = createApp("broken", {
    toErrorBody: () => {
      throw new Error("secret");
    },
  });
  app.post("/", () => {
    throw new ApiError(402, "BILLING_INSUFFICIENT_BALANCE", "No credits");
  });
  const { status, body, text } = await send(handler, createEnvironment(), {});
  assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
  assert(!text.includes("secret"));
});

Deno.test("a generation id that is not a text is neither a header nor logged", async () => {
  const { app, handler } = createApp("ids");
  app.post("/", ({ env: call, json }) => {
    call.log.generation_id = ["gen-1"] as never;
    return json({});
  });
  const { headers } = await send(handler, createEnvironment(), {});
  assertEquals([headers.get("x-generation-id"), logs.at(-1)!.generation_id], [null, undefined]);
});

Deno.test("routes are listed for tools and tests", () => {
  assert(handler.routes.some(({ method, path }) => method === "POST" && path === "/sub/deep"));
});

function call(path: string, options: RequestOptions = {}, environment = createEnvironment()) {
  return send(handler, environment, {}, { path, ...options });
}

function request(path: string, method: string): Request {
  return new Request(`http://functions.test${path}`, { method });
}
