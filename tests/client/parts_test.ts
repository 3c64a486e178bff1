/** The parts that the client makes of every kind of stream that OpenRouter sends. */
import { assert, assertEquals } from "@std/assert";
import { chunk, COMMENT, createUpstream, DONE, streamOf, USAGE } from "../support/upstream.ts";
import { collect, createClientFor, createClientOf, join } from "./host.ts";

const ID = "gen-1700000000-abc";
const MODEL = "openai/gpt-4o-mini";
const DETAILS = [{ type: "reasoning.text", text: "Hm, Grüße?", signature: "s" }];
const SIGNATURE = [{ type: "reasoning.encrypted", data: "x" }];
const ANNOTATION = { type: "url_citation", url_citation: { url: "https://example.com" } };
const PIXEL = "data:image/png;base64,iVBORw0KGgo=";

const EVENTS = [
  COMMENT,
  chunk({ reasoning: "Hm, Grüße?", reasoning_details: DETAILS }),
  chunk({ reasoning: null, reasoning_details: SIGNATURE }),
  chunk({ content: "Grüße " }),
  COMMENT,
  chunk({ content: "🌍", reasoning_details: [], images: [], annotations: null }),
  chunk({ images: [{ type: "image_url", image_url: { url: PIXEL } }] }),
  chunk({ annotations: [ANNOTATION], audio: { data: "UklGRg==", transcript: "Hi" } }),
  chunk({ refusal: "No" }),
  chunk({ tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f" } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"q":' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '"é"}' } }] }, {}, "tool_calls"),
  chunk({}, { usage: USAGE }, "tool_calls"),
  DONE,
];
const PARTS = [
  { type: "reasoning", text: "Hm, Grüße?", details: DETAILS },
  { type: "reasoning", text: "", details: SIGNATURE },
  { type: "text", text: "Grüße 🌍" },
  { type: "image", url: PIXEL },
  { type: "annotation", annotation: ANNOTATION },
  { type: "audio", audio: { data: "UklGRg==", transcript: "Hi" } },
  { type: "refusal", text: "No" },
  { type: "tool-call", id: "a", name: "f", arguments: '{"q":"é"}' },
  { type: "usage", usage: USAGE },
  { type: "finish", reason: "tool_calls", id: ID, model: MODEL },
];
const BYTES = new TextEncoder().encode(EVENTS.join(""));

async function readAll(answer: () => Response): Promise<unknown[]> {
  return join(await collect(createClientFor(answer).stream({ prompt: "Hello" })));
}

Deno.test("yields the same parts when the stream is split at any byte", async () => {
  for (let i = 0; i <= BYTES.length; i++) {
    const pieces = ReadableStream.from([BYTES.slice(0, i), BYTES.slice(i)]);
    assertEquals(await readAll(() => new Response(pieces)), PARTS, `cut at ${i}`);
  }
});

Deno.test("yields the same parts for every valid notation of the events", async () => {
  const text = EVENTS.join("");
  const variants = {
    "one piece": text,
    "lines that end with CRLF": text.replaceAll("\n", "\r\n"),
    "no last empty line": text.trimEnd(),
    "no space after the colon": text.replaceAll("data: ", "data:"),
    "a byte order mark": "\uFEFF" + text,
    "other fields": text.replaceAll("data: ", "event: message\nid: 1\nretry: 5\ndata: "),
    "data on several lines": text.replaceAll('"choices":', '\ndata: "choices":'),
  };
  for (const [name, variant] of Object.entries(variants)) {
    assertEquals(await readAll(() => new Response(variant)), PARTS, name);
  }
});

Deno.test("yields the same parts when lines end with CRLF and are split at any byte", async () => {
  const bytes = new TextEncoder().encode(streamOf("é").join("").replaceAll("\n", "\r\n"));
  for (let i = 0; i <= bytes.length; i++) {
    const pieces = ReadableStream.from([bytes.slice(0, i), bytes.slice(i)]);
    const [text, , finish] = await readAll(() => new Response(pieces)) as { type: string }[];
    assertEquals([text, finish?.type], [{ type: "text", text: "é" }, "finish"], `cut at ${i}`);
  }
});

Deno.test("yields the same parts on a platform without streams", async () => {
  const read = () => Object.defineProperty(new Response(BYTES), "body", { value: undefined });
  assertEquals(await readAll(read), PARTS);
});

Deno.test("yields the same parts over HTTP, in pieces of any size", async () => {
  await using host = await createUpstream();
  host.reply({ sse: EVENTS }, { sse: EVENTS, chop: 7 });
  const client = createClientOf(host);
  for (let i = 0; i < 2; i++) {
    assertEquals(join(await collect(client.stream({ prompt: "Hello" }))) as unknown[], PARTS);
  }
});

Deno.test("yields parts before the stream has ended", async () => {
  await using host = await createUpstream();
  host.reply({ sse: [chunk({ content: "Hello" })], end: "hang" });
  const stream = createClientOf(host).stream({ prompt: "Hello" });
  assertEquals((await stream.next()).value, { type: "text", text: "Hello" });
  await stream.return();
  assert(await host.requests[0]!.cancelled, "leaving the loop must close the connection");
});

Deno.test("throw() on a stream throws the given error and ends the stream", async () => {
  const stream = createClientFor(() => new Response(BYTES)).stream({ prompt: "Hello" });
  await stream.next();
  const thrown = new Error("thrown by the app");
  assertEquals(await stream.throw(thrown).catch((error) => error), thrown);
  assertEquals(await stream.next(), { done: true, value: undefined });
});

Deno.test("yields each tool call once and whole, for every numbering of its pieces", async () => {
  const piece = (index: number, id?: string, name?: string, text?: string) => ({
    tool_calls: [{ index, id, function: { name, arguments: text } }],
  });
  const cases: Record<string, { events: string[]; calls: string[] }> = {
    "two at a time": {
      events: [
        chunk(piece(0, "a", "f", '{"x"')),
        chunk(piece(1, "b", "g", "{")),
        chunk(piece(0, undefined, undefined, ":1}")),
        chunk(piece(1, undefined, undefined, "}"), {}, "tool_calls"),
      ],
      calls: ['a f {"x":1}', "b g {}"],
    },
    "one index for both": {
      events: [
        chunk(piece(0, "a", "f", "{}")),
        chunk(piece(0, "b", "g", "{")),
        chunk(piece(0, "b", "", "}"), {}, "tool_calls"),
      ],
      calls: ["a f {}", "b g {}"],
    },
    "a gap in the indexes": {
      events: [chunk(piece(2, "a", "f", "{}")), chunk({}, {}, "tool_calls")],
      calls: ["a f {}"],
    },
    "null for missing values": {
      events: [
        `data: {"choices":[{"delta":{"tool_calls":[{"index":null,"id":"a","function":{"name":"f","arguments":null}}]}}]}\n\n`,
        `data: {"choices":[{"delta":{"tool_calls":[{"id":null,"function":{"name":null,"arguments":"{}"}}]}}]}\n\n`,
        `data: {"choices":[{"delta":{"tool_calls":[{"id":null,"function":null}]}}]}\n\n`,
        chunk({}, {}, "tool_calls"),
      ],
      calls: ["a f {}"],
    },
    "no arguments": {
      events: [chunk(piece(0, "a", "f")), chunk({}, {}, "tool_calls")],
      calls: ["a f {}"],
    },
    "no finish reason": { events: [chunk(piece(0, "a", "f", "{}")), DONE], calls: ["a f {}"] },
    "the finish twice": {
      events: [chunk(piece(0, "a", "f", "{}"), {}, "tool_calls"), chunk({}, {}, "tool_calls")],
      calls: ["a f {}"],
    },
  };
  for (const [name, { events, calls }] of Object.entries(cases)) {
    const parts = await readAll(() => new Response(events.join(""))) as Record<string, string>[];
    const finish = parts.pop()!;
    assertEquals(parts.map((part) => `${part.id} ${part.name} ${part.arguments}`), calls, name);
    assertEquals([finish.type, finish.reason], ["finish", "tool_calls"], name);
  }
});

Deno.test("yields usage once and the first finish reason, wherever usage is sent", async () => {
  const cases: Record<string, string[]> = {
    "on a chunk that repeats the finish": [
      chunk({ content: "Hi" }, {}, "length"),
      chunk({}, { usage: USAGE }, "stop"),
    ],
    "on a chunk without choices": [
      chunk({ content: "Hi" }, {}, "length"),
      chunk({}, { usage: USAGE, choices: [] }),
    ],
    "on the finish": [chunk({ content: "Hi" }, { usage: USAGE }, "length")],
    "on every chunk": [
      chunk({ content: "Hi" }, { usage: { ...USAGE, total_tokens: 1 } }),
      chunk({}, { usage: USAGE }, "length"),
    ],
  };
  for (const [name, events] of Object.entries(cases)) {
    assertEquals(await readAll(() => new Response(events.join(""))), [
      { type: "text", text: "Hi" },
      { type: "usage", usage: USAGE },
      { type: "finish", reason: "length", id: ID, model: MODEL },
    ], name);
  }
  const without = await readAll(() => new Response(chunk({ content: "Hi" }, {}, "stop")));
  assertEquals((without as { type: string }[]).map(({ type }) => type), ["text", "finish"]);
});

Deno.test("reads the first answer when there are several", async () => {
  const second = { index: 1, delta: { content: "Two" }, finish_reason: "stop" };
  const events = [
    chunk({ content: "One" }),
    chunk({}, { choices: [second] }),
    chunk({}, {}, "stop"),
  ];
  const [text, finish] = await readAll(() => new Response(events.join(""))) as { type: string }[];
  assertEquals([text, finish?.type], [{ type: "text", text: "One" }, "finish"]);
});

Deno.test("yields one part for an image of many megabytes on one line", async () => {
  const url = "data:image/png;base64," + "A".repeat(16 * 1024 * 1024);
  const bytes = new TextEncoder().encode(
    chunk({ images: [{ image_url: { url } }] }, {}, "stop"),
  );
  function* inPieces() {
    for (let i = 0; i < bytes.length; i += 4_096) yield bytes.slice(i, i + 4_096);
  }
  const [image] = await readAll(() => new Response(ReadableStream.from(inPieces())));
  assertEquals((image as { url: string }).url.length, url.length);
});
