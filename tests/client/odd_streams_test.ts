/** Streams of servers that deviate from OpenRouter's format: the client understands them. */
import { assert, assertEquals } from "@std/assert";
import { chunk, COMMENT, completion, DONE, streamOf, USAGE } from "../support/upstream.ts";
import { collect, createClientFor, join } from "./host.ts";

const ID = "gen-1700000000-abc";
const MODEL = "openai/gpt-4o-mini";
const USAGE_PART = { type: "usage", usage: USAGE };
const HELLO = [{ type: "text", text: "Hello" }, USAGE_PART, finishPart("stop")];

function finishPart(reason: string) {
  return { type: "finish", reason, id: ID, model: MODEL };
}

async function readParts(body: BodyInit, type = "text/event-stream"): Promise<unknown[]> {
  const respond = () => new Response(body, { headers: { "content-type": type } });
  return join(await collect(createClientFor(respond).stream({ prompt: "Hello" })));
}

Deno.test("ignores the content type of streams and of JSON", async () => {
  const stream = streamOf("Hel", "lo").join("");
  const json = JSON.stringify(completion({ content: "Hello" }));
  for (const type of ["text/event-stream", "application/json", "text/plain", "text/html"]) {
    for (const body of [stream, json, `\n ${json}\n`]) {
      assertEquals(await readParts(body, type), HELLO, `${type}: ${body.slice(0, 20)}`);
    }
  }
});

Deno.test("understands a JSON completion that is split at any byte", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(completion({ content: "Grüße" })));
  for (let i = 0; i <= bytes.length; i++) {
    const pieces = ReadableStream.from([bytes.slice(0, i), bytes.slice(i)]);
    const [text, ...rest] = await readParts(pieces);
    assertEquals(text, { type: "text", text: "Grüße" }, `split at ${i}`);
    assertEquals(rest, [USAGE_PART, finishPart("stop")], `split at ${i}`);
  }
});

Deno.test("understands CRLF events that arrive one byte at a time", async () => {
  const text = [COMMENT, ...streamOf("Hello"), COMMENT].join("").replaceAll("\n", "\r\n");
  const bytes = new TextEncoder().encode(text);
  const pieces = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  assertEquals(await readParts(pieces), HELLO);
});

Deno.test("ignores keep-alive comments anywhere in a stream", async () => {
  const events = streamOf("Hello").flatMap((event) => [COMMENT, COMMENT, event, ":\n\n"]);
  assertEquals(await readParts(events.join("")), HELLO);
});

Deno.test("converts deltas of undocumented types", async () => {
  const call = { index: 0, id: "a", type: "function" };
  const events = [
    chunk({ reasoning_content: "Hm", audio: {} }),
    chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "," }] }] }),
    chunk({ content: [{ type: "text", text: "Hel" }, { type: "text", text: "lo" }], audio: {} }),
    chunk({ content: { text: "!" }, reasoning: {}, refusal: 1, images: [{}, null] }),
    chunk({ tool_calls: [{ ...call, function: { name: "f", arguments: { a: 1 } } }], audio: {} }),
    chunk({ tool_calls: {}, annotations: 1, reasoning_details: {} }, { usage: "none" }),
    chunk({}, { id: 1, model: {} }, "tool_calls"),
    DONE,
  ];
  assertEquals(await readParts(events.join("")), [
    { type: "reasoning", text: "Hm", details: undefined },
    { type: "reasoning", text: ",", details: undefined },
    { type: "text", text: "Hello!" },
    { type: "tool-call", id: "a", name: "f", arguments: '{"a":1}' },
    finishPart("tool_calls"),
  ]);
});

Deno.test("takes the first finish reason after the last output", async () => {
  const finish = (reason: string) => chunk({}, {}, reason);
  const piece = (fields: object) => chunk({ tool_calls: [{ index: 0, ...fields }] });
  const cases: Record<string, { events: string[]; types: string[]; reason: string }> = {
    "a finish after every chunk": {
      events: [
        chunk({}),
        finish("stop"),
        piece({ id: "a", function: { name: "bash", arguments: "" } }),
        finish("stop"),
        piece({ function: { arguments: '{"a":1}' } }),
        finish("tool_calls"),
        DONE,
      ],
      types: ["tool-call", "finish"],
      reason: "tool_calls",
    },
    "a finish in every chunk": {
      events: [chunk({ content: "Hel" }, {}, "stop"), chunk({ content: "lo" }, {}, "length"), DONE],
      types: ["text", "finish"],
      reason: "length",
    },
    "output after the finish": {
      events: [finish("stop"), chunk({ content: "Hello" }), DONE],
      types: ["text", "finish"],
      reason: "stop",
    },
    "a second finish without output": {
      events: [chunk({ content: "Hello" }, {}, "length"), finish("stop"), DONE],
      types: ["text", "finish"],
      reason: "length",
    },
  };
  for (const [name, { events, types, reason }] of Object.entries(cases)) {
    const parts = await readParts(events.join("")) as { type: string; reason?: string }[];
    assertEquals(parts.map(({ type }) => type), types, name);
    assertEquals(parts.at(-1)?.reason, reason, name);
  }
  const cut = await readParts([finish("stop"), chunk({ content: "Hel" })].join(""));
  assertEquals((cut.at(-1) as { type: string }).type, "error", "cut after more output");
});

Deno.test("reads errors of every form from a stream", async () => {
  const nextActions = "Try again";
  const cases: [object, unknown[]][] = [
    [
      { error: { code: "RATE_LIMITED", message: "Too many", nextActions } },
      ["RATE_LIMITED", "Too many", nextActions],
    ],
    [
      { error: { code: 429, message: "Too many", metadata: { error_code: "RATE_LIMITED" } } },
      ["RATE_LIMITED", "Too many", undefined],
    ],
    [{ error: { code: 502, message: "Down" }, choices: [] }, ["502", "Down", undefined]],
    [
      { choices: [{ delta: {}, error: { code: 502, message: "Down" } }] },
      ["502", "Down", undefined],
    ],
    [{ error: "FORBIDDEN", message: "No" }, ["FORBIDDEN", "No", undefined]],
    [{ error: { message: "Odd" } }, ["STREAM_INCOMPLETE", "Odd", undefined]],
    [{ error: { code: "X" } }, ["X", "The answer failed", undefined]],
  ];
  for (const [event, expected] of cases) {
    const body = chunk({ content: "Hello" }) + `data: ${JSON.stringify(event)}\n\n`;
    const client = createClientFor(() => new Response(body));
    const [text, last, ...rest] = await collect(client.stream({ prompt: "Hello" }));
    assertEquals([text, rest], [{ type: "text", text: "Hello" }, []]);
    assert(last?.type === "error", JSON.stringify(event));
    const { code, message, nextActions } = last.error;
    assertEquals([code, message, nextActions], expected);
  }
});

Deno.test("ignores empty errors in a good response", async () => {
  for (const error of ["", {}, null, false]) {
    const events = [chunk({ content: "Hello" }, { error }), chunk({}, { usage: USAGE }, "stop")];
    assertEquals(await readParts(events.join("")), HELLO, JSON.stringify(error));
    assertEquals(
      await readParts(JSON.stringify(completion({ content: "Hello" }, { error }))),
      HELLO,
      JSON.stringify(error),
    );
  }
});
