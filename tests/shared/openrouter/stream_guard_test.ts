/** Streams that pass the guard unchanged, and streams that end early. */
import { assert, assertEquals } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { readData, splitEvents } from "../../../shared/http/sse.ts";
import { chunk, COMMENT, DONE, streamOf, USAGE } from "../../support/upstream.ts";
import { assertErrorEvent, chop, createGuard, createSource, guard } from "./guarded_stream.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const STOP = chunk({}, {}, "stop");
const EMPTY_CHOICES = { choices: [] };

/** Whole streams in the forms that gateways were seen to send. */
const STREAMS: Record<string, { events: string[]; usage?: typeof USAGE }> = {
  "usage after a repeated finish, today's form": {
    events: streamOf("Grüße", " 🌍", "!"),
    usage: USAGE,
  },
  "usage beside empty choices": {
    events: [chunk({ content: "é" }), STOP, chunk({}, { ...EMPTY_CHOICES, usage: USAGE }), DONE],
    usage: USAGE,
  },
  "usage beside a choice without a finish": {
    events: [chunk({ content: "漢字" }), STOP, chunk({}, { usage: USAGE }), DONE],
    usage: USAGE,
  },
  "usage on the chunk of the finish, null before": {
    events: [chunk({ content: "a" }, { usage: null }), chunk({}, { usage: USAGE }, "stop"), DONE],
    usage: USAGE,
  },
  "usage early, and none after": {
    events: [chunk({ content: "a" }, { usage: USAGE }), chunk({ content: "b" }), STOP, DONE],
    usage: USAGE,
  },
  "no usage and no [DONE]": { events: [chunk({ content: "a" }), STOP] },
  "no finish, only [DONE]": { events: [chunk({ content: "a" }), DONE] },
  "comments everywhere": {
    events: [COMMENT, COMMENT, chunk({ content: "a" }), COMMENT, STOP, COMMENT, DONE],
  },
  "null and missing content": {
    events: [
      chunk({ content: null }),
      chunk({ content: undefined }),
      chunk({ content: null, reasoning: "hm 🤔" }),
      STOP,
      DONE,
    ],
  },
  "a debug chunk first": {
    events: [
      chunk({}, { ...EMPTY_CHOICES, debug: { echo_upstream_body: { model: "m" } } }),
      chunk({ content: "a" }),
      STOP,
      DONE,
    ],
  },
  "a tool call in fragments, with the finish on the last": {
    events: [
      chunk({ content: null, tool_calls: [{ index: 1, id: "c", function: { name: "f" } }] }),
      chunk({ tool_calls: [{ index: 1, function: { arguments: '{"error":"usage"}' } }] }),
      chunk({ tool_calls: [{ index: 1, function: { arguments: "" } }] }, {}, "tool_calls"),
      DONE,
    ],
  },
  "a finish after every chunk": {
    events: [
      chunk({}),
      STOP,
      chunk({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "" } }] }),
      STOP,
      chunk({}, {}, "tool_calls"),
      DONE,
    ],
  },
  "a finished turn without text": {
    events: [chunk({}), STOP, chunk({}, { usage: USAGE }, "stop"), DONE],
    usage: USAGE,
  },
  "output in the second choice only": {
    events: [
      chunk({}, { choices: [{ index: 1, delta: { content: "b" } }] }),
      STOP,
      DONE,
    ],
  },
  "nothing but a finish at the token limit": { events: [chunk({}, {}, "length"), DONE] },
  "a refusal": { events: [chunk({ refusal: "No" }), chunk({}, {}, "content_filter"), DONE] },
  "text that looks like the end": {
    events: [chunk({ content: '[DONE] "error":1 "finish_reason":"stop"' }), STOP, DONE],
  },
  "CRLF, no space after the colon, foreign fields": {
    events: [
      ": hello\r\n\r\n",
      chunk({ content: "ü" }).replace("data: ", "event: x\ndata:").replaceAll("\n", "\r\n"),
      STOP.replaceAll("\n", "\r\n"),
      "data:[DONE]\r\n\r\n",
    ],
  },
};

for (const [kind, { events, usage }] of Object.entries(STREAMS)) {
  const bytes = encoder.encode(events.join(""));

  Deno.test(`a stream with ${kind} passes unchanged, when the network cuts it at any byte`, async () => {
    for (let at = 0; at <= bytes.length; at++) {
      const { text, outcome, ending } = await guard([bytes.slice(0, at), bytes.slice(at)]);
      assertEquals(text, events.join(""), `cut at ${at}`);
      assertEquals([outcome, ending.usage], ["complete", usage], `cut at ${at}`);
    }
  });

  Deno.test(`a stream with ${kind} passes unchanged when every byte comes alone`, async () => {
    const { text, outcome, ending } = await guard(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    assertEquals([text, outcome, ending.usage], [events.join(""), "complete", usage]);
  });

  for (const end of ["close", "reset"] as const) {
    Deno.test(`a stream with ${kind} that ends early at any byte by ${end} is reported as cut`, async () => {
      for (let at = 0; at < bytes.length; at++) await assertCut(bytes.slice(0, at), end);
    });
  }
}

/**
 * A stream that ends after `head` is thrown as an error before its first data event, is complete
 * after a finish reason, and otherwise delivers its whole events and one error event.
 */
async function assertCut(head: Uint8Array, end: "close" | "reset"): Promise<void> {
  const context = `${end} after ${JSON.stringify(decoder.decode(head).slice(-40))}`;
  const events = splitEvents(head).map((event) => decoder.decode(event));
  const unfinished = /\n\r?\n$/.test(events.at(-1) ?? "\n\n") ? "" : events.pop()!;
  const last = end === "close" && isParsable(readData(unfinished)) ? unfinished : "";
  const all = events.join("") + last;

  const answer = await guard([head.slice()], { end }).catch((thrown: unknown) =>
    thrown as ApiError
  );
  if (answer instanceof ApiError) {
    assert(!/^data: ?\{/m.test(events.join("")), `thrown though there was a chunk: ${context}`);
    assertEquals([answer.status, answer.code], [502, "AI_UPSTREAM_UNAVAILABLE"], context);
    assertEquals(answer.retryable, true, context);
    return;
  }
  const { text, outcome } = answer;
  if (/"finish_reason":"|^data: ?\[DONE\]/m.test(all.replaceAll('\\"', ""))) {
    assertEquals([text, outcome], [all, "complete"], context);
    return;
  }
  const whole = text.slice(0, text.lastIndexOf("data: "));
  assertEquals(whole.trimEnd(), all.trimEnd(), context);
  assert(/\n\r?\n$/.test(whole), `the error event stands by itself: ${context}`);
  assertErrorEvent(text.slice(whole.length), "AI_UPSTREAM_UNAVAILABLE");
  assertEquals(outcome, "AI_UPSTREAM_UNAVAILABLE", context);
}

function isParsable(data: string | undefined): boolean {
  try {
    return data !== undefined && (data === "[DONE]" || Boolean(JSON.parse(data)));
  } catch {
    return false;
  }
}

Deno.test("passes chunks of unknown shapes on unchanged", async () => {
  const shapes = [
    "[]",
    "{}",
    "5",
    '"text"',
    "not json",
    '{"choices":{}}',
    '{"choices":5}',
    '{"choices":null}',
    '{"choices":"text"}',
    '{"choices":[null]}',
    '{"choices":[5]}',
    '{"choices":[{"delta":null}]}',
    '{"choices":[{"delta":"text","finish_reason":5}]}',
    '{"choices":[{"native_finish_reason":5}]}',
    '{"error":null,"usage":"many"}',
    '{"error":false}',
    '{"__proto__":{"error":1}}',
  ];
  for (const shape of shapes) {
    const events = [`data: ${shape}\n\n`, chunk({ content: "a" }), STOP, DONE];
    for (const order of [events, [events[1]!, events[0]!, STOP, DONE]]) {
      const { text, outcome } = await guard(order);
      assertEquals([text, outcome], [order.join(""), "complete"], shape);
    }
  }
});

Deno.test("passes an image of 3 MB on one line that comes in many pieces", async () => {
  const url = `data:image/png;base64,${"iVBORw0K".repeat(400_000)}`;
  const image = chunk({ images: [{ type: "image_url", image_url: { url } }] });
  const bytes = encoder.encode([COMMENT, image, STOP, DONE].join(""));
  for (const size of [1_000, 65_536, bytes.length]) {
    const { text, outcome } = await guard(chop(bytes, size));
    assert(text === decoder.decode(bytes), `pieces of ${size}`);
    assertEquals(outcome, "complete");
  }
});

Deno.test("names the generation and its model, and delivers the preface first", async () => {
  const preface = encoder.encode('data: {"summary":{},"choices":[]}\n\n');
  const { text, ending } = await guard(streamOf("hi"), { preface });
  assertEquals(text, decoder.decode(preface) + streamOf("hi").join(""));
  assertEquals([ending.id, ending.model], ["gen-1700000000-abc", "openai/gpt-4o-mini"]);
});

/** Each kind of output by itself. */
const OUTPUTS: Record<string, unknown>[] = [
  { content: "a" },
  { reasoning: "a" },
  { function_call: { name: "f", arguments: "" } },
  { reasoning_details: [{}] },
  { refusal: "a" },
  { tool_calls: [{}] },
  { images: [{}] },
  { annotations: [{}] },
  { audio: { data: "AA" } },
];

for (const delta of OUTPUTS) {
  Deno.test(`accepts a stream that holds nothing but ${Object.keys(delta)}`, async () => {
    const events = [chunk(delta), STOP, DONE];
    assertEquals((await guard(events)).text, events.join(""));
  });
}

Deno.test("delivers the first two pieces at once and gathers those that have arrived after them", async () => {
  const words = Array.from({ length: 100 }, (_, i) => chunk({ content: `word${i}` }));
  const { source } = createSource([...words, STOP, DONE]);
  const guard = createGuard(source);
  await guard.open();
  const pieces: string[] = [];
  for (let bytes; (bytes = await guard.read());) pieces.push(decoder.decode(bytes));
  assertEquals(pieces.join(""), [...words, STOP, DONE].join(""));
  assertEquals(pieces.slice(0, 2), words.slice(0, 2));
  assert(pieces.length < 20, `${pieces.length} writes for ${words.length} chunks`);
});

Deno.test("watches 50 streams with the timer of one", async () => {
  const { setTimeout } = globalThis;
  let timers = 0;
  globalThis.setTimeout = ((callback: () => void, ms?: number) => {
    timers++;
    return setTimeout(callback, ms);
  }) as typeof setTimeout;
  try {
    const opened = Array.from({ length: 50 }, () => {
      const { source } = createSource([chunk({ content: "a" })], { end: "hang" });
      return createGuard(source);
    });
    await Promise.all(opened.map((one) => one.open()));
    await Promise.all(opened.map((one) => one.cancel()));
    assert(timers <= 2, `${timers} timers`); // a new slot of time may begin meanwhile
  } finally {
    globalThis.setTimeout = setTimeout;
  }
});
