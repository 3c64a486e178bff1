import * as z from "zod/mini";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { type LateSchema, parseValue, readBody } from "../../../shared/http/body.ts";
import { ApiError } from "../../../shared/errors.ts";
import { createEnvironment, logs, send } from "../../support/caller.ts";

const encoder = new TextEncoder();
const schema = z.looseObject({
  text: z.optional(z.string()),
  list: z.optional(z.array(z.string())),
});

/** Responds with the body that it read; its own limit is 1 MiB. */
const { app, handler } = createApp("probe");
app.post("/", async (c) => c.json(await readBody(c.env, schema)));

Deno.test("readBody returns the parsed object with its unknown fields", async () => {
  const body = {
    text: "Grüße 🌍",
    "": [1, -0.5, 1e300, null, true, { deep: [[]] }],
    constructor: "x",
    "two\nlines": "\u0000",
  };
  assertEquals((await post(JSON.stringify(body))).body, body);
});

Deno.test("readBody keeps the last of two equal keys, and treats __proto__ as any other key", async () => {
  const { status, text } = await post('{"text":5,"text":"last","__proto__":{"text":7}}');
  assertEquals([status, text], [200, '{"text":"last","__proto__":{"text":7}}']);
});

Deno.test("readBody accepts a lone surrogate, a byte order mark and surrounding white space", async () => {
  for (const raw of ['{"text":"\\ud800"}', '\ufeff{"text":"x"}', ' \r\n\t{"text":"x"}\n']) {
    assertEquals((await post(raw)).status, 200, JSON.stringify(raw));
  }
});

/** Invalid bodies and the error message for each. */
const INVALID: [kind: string, raw: BodyInit | undefined, message: RegExp][] = [
  ["missing", undefined, /is missing; send a JSON object/],
  ["empty", "", /is missing; send a JSON object/],
  ["blank", "   ", /must be JSON/],
  ["not JSON", "prompt=hello", /must be JSON/],
  ["cut JSON", '{"text":"x', /must be JSON/],
  ["two values", "{}{}", /must be JSON/],
  ["a comment", "{}//", /must be JSON/],
  ["a trailing comma", '{"text":"x",}', /must be JSON/],
  ["single quotes", "{'text':'x'}", /must be JSON/],
  ["a raw line end in a string", '{"text":"\n"}', /must be JSON/],
  ["a zero byte", "{}\u0000", /must be JSON/],
  ["too many ends", "{}" + "}".repeat(200), /must be JSON/],
  ["an array", '[{"text":"x"}]', /must be a JSON object/],
  ["a string", '"text"', /must be a JSON object/],
  ["a number", "5", /must be a JSON object/],
  ["null", "null", /must be a JSON object/],
  ["a bare continuation byte", bytes(0x7b, 0x80, 0x7d), /must be UTF-8/],
  ["an overlong form", bytes(0x22, 0xc0, 0xaf, 0x22), /must be UTF-8/],
  ["a surrogate in UTF-8", bytes(0x22, 0xed, 0xa0, 0x80, 0x22), /must be UTF-8/],
  ["a character cut at the end", bytes(0x7b, 0x7d, 0xf0, 0x9f, 0x8c), /must be UTF-8/],
  ["UTF-16", bytes(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00), /must be UTF-8/],
  ["101 objects deep", nest('{"a":', "}", 101), /deeper than 100 levels/],
  ["101 arrays deep", `{"a":${nest("[", "]", 100)}}`, /deeper than 100 levels/],
  ["deep without end", '{"a":['.repeat(100_000), /deeper than 100 levels/],
  ["of too many values", `{"a":[${"0,".repeat(50_001)}0]}`, /more than 50000 values/],
  ["of many wrong items", `{"list":[${"0,".repeat(40_000)}0]}`, /^"list\[0\]" must be a string$/],
  ["of a wrong field", '{"text":5}', /^"text" must be a string$/],
];

for (const [kind, raw, message] of INVALID) {
  Deno.test(`readBody returns 400 when the body is ${kind}`, async () => {
    const { status, body } = await post(raw);
    assertEquals([status, body.error], [400, "INVALID_INPUT"]);
    assertMatch(body.message, message);
  });
}

Deno.test("readBody accepts 100 levels, and does not count brackets in strings", async () => {
  const bodies = [
    nest('{"a":', "}", 100),
    JSON.stringify({ text: "[{".repeat(1_000) }),
    JSON.stringify({ text: '"[{\\'.repeat(1_000) }),
    JSON.stringify({ text: "\\\\\\" }).slice(0, -1) + `,"a":${nest("[", "]", 99)}}`,
    JSON.stringify({ wide: Array.from({ length: 1_000 }, () => [{}]) }),
  ];
  for (const raw of bodies) assertEquals((await post(raw)).status, 200, raw.slice(0, 60));
});

Deno.test("readBody accepts a body of exactly the limit in bytes and returns 413 for one byte more", async () => {
  const environment = createEnvironment({ MAX_BODY_BYTES: "100" });
  const fill = (size: number) => `{"text":"${"é".repeat((size - 12) / 2)}"} `;
  assertEquals(encoder.encode(fill(100)).length, 100);
  assertEquals((await post(fill(100), environment)).status, 200);
  const { status, body } = await post(fill(100) + " ", environment);
  assertEquals([status, body.error], [413, "INVALID_INPUT"]);
  assertMatch(body.message, /must not exceed 100 bytes/);
});

Deno.test("readBody applies the route's own limit when the setting is not set", async () => {
  const { status, body } = await post(`{"text":"${"x".repeat(1024 * 1024)}"}`);
  assertEquals(status, 413);
  assertMatch(body.message, /must not exceed 1048576 bytes/);
});

Deno.test("readBody stops reading a body that exceeds the limit", async () => {
  let given = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      given += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel: () => void (cancelled = true),
  });
  assertEquals((await post(endless)).status, 413);
  assert(cancelled);
  assert(given < 2 * 1024 * 1024, `${given} bytes were read`);
});

Deno.test("readBody counts the bytes, whatever Content-Length says", async () => {
  const environment = createEnvironment({ MAX_BODY_BYTES: "50" });
  const claims = (raw: string, length: string) =>
    send(handler, environment, undefined, { raw, headers: { "Content-Length": length } });
  assertEquals((await claims('{"text":"x"}', "1000000000")).status, 200);
  assertEquals((await claims(`{"text":"${"x".repeat(50)}"}`, "1")).status, 413);
});

Deno.test("readBody joins pieces that were cut anywhere, even within a character", async () => {
  const whole = encoder.encode('{"text":"é漢🌍"}');
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      const { body } = await post(ReadableStream.from(pieces));
      assertEquals(body, { text: "é漢🌍" }, `cut at ${first} and ${second}`);
    }
  }
});

Deno.test("readBody returns 400 when the body ends early", async () => {
  let pulls = 0;
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(encoder.encode('{"text":'));
      else controller.error(new TypeError("request body was aborted"));
    },
  });
  const { status, body } = await post(broken);
  assertEquals([status, body.error], [400, "INVALID_INPUT"]);
  assertEquals(logs.at(-1)!.cause, undefined);
});

Deno.test("parseValue returns the same object that it was given", () => {
  const value = { text: "x", more: 1 };
  assert(parseValue(value, schema) === value);
});

Deno.test("readBody returns 408 when the body does not arrive in time", async () => {
  const { app, handler } = createApp("slow");
  app.post("/", async (c) => c.json(await readBody(c.env, schema, { receiveMs: 20 })));
  let isCancelled = false;
  const never = new ReadableStream({ cancel: () => void (isCancelled = true) });
  const { status, body } = await send(handler, createEnvironment(), undefined, { raw: never });
  assertEquals([status, body.error], [408, "INVALID_INPUT"]);
  assertEquals(body.message, "The request body must arrive within 0.02 seconds");
  assert(isCancelled);
});

/** Sends bytes to a server with a probe and returns the beginning of its response. */
async function exchange(text: string): Promise<string> {
  const { app, handler } = createApp("socket");
  const limits = { maxBytes: 50, receiveMs: 100 };
  app.post("/", async (c) => c.json(await readBody(c.env, schema, limits)));
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, signal: stop.signal },
    (request) => handler(request, createEnvironment()),
  );
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const deadline = setTimeout(() => connection.close(), 10_000);
  try {
    const head = "POST /socket HTTP/1.1\r\nHost: functions.test\r\n";
    await connection.write(encoder.encode(head + text));
    const buffer = new Uint8Array(4_096);
    const size = await connection.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
  } finally {
    clearTimeout(deadline);
    connection.close();
    stop.abort();
    await server.finished;
  }
}

for (
  const [framing, start] of [
    ["Content-Length: 20", '{"text":'],
    ["Transfer-Encoding: chunked", '8\r\n{"text":\r\n'],
  ]
) {
  Deno.test(`readBody returns 408 when only half of a body with ${framing} arrives`, async () => {
    const response = await exchange(`${framing}\r\n\r\n${start}`);
    assertMatch(response, /^HTTP\/1\.1 408 /);
  });
}

Deno.test("readBody counts the bytes of a chunked body that also claims a short length", async () => {
  const body = JSON.stringify({ text: "x".repeat(500) });
  const response = await exchange(
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  assertMatch(response, /^HTTP\/1\.1 4(13|00) /);
});

Deno.test("parseValue ends at the first invalid item, however many follow", () => {
  let checks = 0;
  const item = z.unknown().check(z.refine(() => ++checks < 0, { abort: true, error: "is bad" }));
  const counting = z.object({ a: z.array(z.object({ b: item })) });
  const value = { a: Array.from({ length: 10_000 }, () => ({ b: 1 })) };
  const { message } = assertThrows(() => parseValue(value, counting), ApiError);
  assertEquals([message, checks], ['"a[0].b" is bad', 1]);
});

for (
  const [kind, value, left] of [
    ["an optional field", { a: null }, {}],
    ["an optional field within another", { deep: { a: null } }, { deep: {} }],
    ["an optional field of an item", { items: [{ a: null }, {}] }, { items: [{}, {}] }],
    ["an optional field of one form of a union", { either: { a: null } }, { either: {} }],
    ["a field that may be null", { nullish: null }, { nullish: null }],
    ["an unknown field", { other: null, a: null }, { other: null }],
  ] as [string, object, object][]
) {
  Deno.test(`parseValue leaves ${JSON.stringify(left)} when null is in ${kind}`, () => {
    const part = z.looseObject({ a: z.optional(z.string()) });
    const nullable = z.looseObject({
      a: z.optional(z.string()),
      deep: z.optional(part),
      items: z.optional(z.array(part)),
      either: z.optional(z.union([z.string(), part])),
      nullish: z.nullish(z.string()),
    });
    assertEquals(parseValue(value, nullable) as object, left);
  });
}

Deno.test("parseValue rejects null in a required field", () => {
  const required = z.object({ a: z.string() });
  const { message } = assertThrows(() => parseValue({ a: null }, required), ApiError);
  assertEquals(message, '"a" must be a string');
});

function post(raw: BodyInit | undefined, environment = createEnvironment()) {
  return send(handler, environment, undefined, { raw });
}

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values);
}

function nest(open: string, close: string, levels: number): string {
  return open.repeat(levels) + (open === "[" ? "" : "1") + close.repeat(levels);
}

Deno.test("does not load the schema of a body of the usual form", async () => {
  let loads = 0;
  const late: LateSchema<{ a: string }> = {
    isUsual: (value) => (value as { a?: unknown }).a === "usual",
    load: () => Promise.resolve((loads++, z.looseObject({ a: z.string() }))),
  };
  const { app, handler } = createApp("late");
  app.post("/", async (c) => c.json(await readBody(c.env, late)));
  const sendBody = (body: unknown) => send(handler, createEnvironment(), body, { path: "/late" });
  assertEquals([(await sendBody({ a: "usual" })).body, loads], [{ a: "usual" }, 0]);
  assertEquals([(await sendBody({ a: "other" })).body, loads], [{ a: "other" }, 1]);
  assertEquals((await sendBody({ a: 1 })).body.message, '"a" must be a string');
  assertEquals((await sendBody([])).body.message, "The request body must be a JSON object");
});
