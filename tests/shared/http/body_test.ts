import * as z from "zod/mini";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { parseValue, readBody } from "../../../shared/http/body.ts";
import { createEnvironment, logs, send } from "../../support/caller.ts";

const encoder = new TextEncoder();
const schema = z.looseObject({
  text: z.optional(z.string()),
  list: z.optional(z.array(z.string())),
});

/** Answers with the body it read; its own limit is 1 MiB. */
const { app, handler } = createApp("probe");
app.post("/", async (c) => c.json(await readBody(c.env, schema)));

Deno.test("readBody gives the object as it was parsed, unknown fields and all", async () => {
  const body = {
    text: "Grüße 🌍",
    "": [1, -0.5, 1e300, null, true, { deep: [[]] }],
    constructor: "x",
    "two\nlines": "\u0000",
  };
  assertEquals((await post(JSON.stringify(body))).body, body);
});

Deno.test("of two keys alike the last counts, and __proto__ is a key like any other", async () => {
  const { status, text } = await post('{"text":5,"text":"last","__proto__":{"text":7}}');
  assertEquals([status, text], [200, '{"text":"last","__proto__":{"text":7}}']);
});

Deno.test("a lone surrogate, a byte order mark and outer blanks are no reason to refuse", async () => {
  for (const raw of ['{"text":"\\ud800"}', '\ufeff{"text":"x"}', ' \r\n\t{"text":"x"}\n']) {
    assertEquals((await post(raw)).status, 200, JSON.stringify(raw));
  }
});

/** Bodies that are none, and what their senders are told. */
const REFUSED: [kind: string, raw: BodyInit | undefined, message: RegExp][] = [
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
  ["of too many values", `{"a":[${"0,".repeat(501_000)}0]}`, /more than 500000 values/],
  ["of too many lists", `{"a":[${"[],".repeat(300_000)}0]}`, /more than 500000 values/],
  ["of many wrong items", `{"list":[${"0,".repeat(400_000)}0]}`, /too many values that are not/],
  ["of a wrong field", '{"text":5}', /^"text" must be a string$/],
];

for (const [kind, raw, message] of REFUSED) {
  Deno.test(`a body that is ${kind} is refused with 400`, async () => {
    const { status, body } = await post(raw);
    assertEquals([status, body.error], [400, "INVALID_INPUT"]);
    assertMatch(body.message, message);
  });
}

Deno.test("100 levels are not too deep, and brackets within strings are no levels", async () => {
  const bodies = [
    nest('{"a":', "}", 100),
    JSON.stringify({ text: "[{".repeat(1_000) }),
    JSON.stringify({ text: '"[{\\'.repeat(1_000) }),
    JSON.stringify({ text: "\\\\\\" }).slice(0, -1) + `,"a":${nest("[", "]", 99)}}`,
    JSON.stringify({ wide: Array.from({ length: 1_000 }, () => [{}]) }),
  ];
  for (const raw of bodies) assertEquals((await post(raw)).status, 200, raw.slice(0, 60));
});

Deno.test("a body of just the limit is taken, one byte more is 413, and bytes count, not letters", async () => {
  const environment = createEnvironment({ MAX_BODY_BYTES: "100" });
  const fill = (size: number) => `{"text":"${"é".repeat((size - 12) / 2)}"} `;
  assertEquals(encoder.encode(fill(100)).length, 100);
  assertEquals((await post(fill(100), environment)).status, 200);
  const { status, body } = await post(fill(100) + " ", environment);
  assertEquals([status, body.error], [413, "INVALID_INPUT"]);
  assertMatch(body.message, /must not exceed 100 bytes/);
});

Deno.test("the function's own limit counts where the setting is not set", async () => {
  const { status, body } = await post(`{"text":"${"x".repeat(1024 * 1024)}"}`);
  assertEquals(status, 413);
  assertMatch(body.message, /must not exceed 1048576 bytes/);
});

Deno.test("a body beyond the limit is not read to its end", async () => {
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

Deno.test("a Content-Length is not believed, too small or too large", async () => {
  const environment = createEnvironment({ MAX_BODY_BYTES: "50" });
  const claims = (raw: string, length: string) =>
    send(handler, environment, undefined, { raw, headers: { "Content-Length": length } });
  assertEquals((await claims('{"text":"x"}', "1000000000")).status, 200);
  assertEquals((await claims(`{"text":"${"x".repeat(50)}"}`, "1")).status, 413);
});

Deno.test("a body may be cut anywhere, even within a character", async () => {
  const whole = encoder.encode('{"text":"é漢🌍"}');
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      const { body } = await post(ReadableStream.from(pieces));
      assertEquals(body, { text: "é漢🌍" }, `cut at ${first} and ${second}`);
    }
  }
});

Deno.test("a body that breaks off is the caller's failure, not a bug of ours", async () => {
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

Deno.test("parseValue gives back the very value it was given", () => {
  const value = { text: "x", more: 1 };
  assert(parseValue(value, schema) === value);
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
