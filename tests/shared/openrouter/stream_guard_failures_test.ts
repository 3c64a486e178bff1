import { mock } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { guardCompletion } from "../../../shared/openrouter/stream_guard.ts";
import { ApiError } from "../../../shared/errors.ts";
import { chunk, COMMENT, DONE, streamOf, USAGE } from "../../support/upstream.ts";
import { assertErrorEvent, chop, createSource, guard, quiet } from "./guarded_stream.ts";
import type { TokenUsage } from "../../../shared/token_usage.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const STOP = chunk({}, {}, "stop");

/** Errors as they come inside a stream, and the code they become. */
const ERRORS: Record<string, { event: string; status: number; code: string }> = {
  "numeric code": {
    event: chunk({}, { error: { code: 429, message: "slow down" } }, "error"),
    status: 429,
    code: "RATE_LIMITED",
  },
  "numeric code as text": {
    event: chunk({}, { error: { code: "402", message: "no credits" } }, "error"),
    status: 402,
    code: "BILLING_INSUFFICIENT_BALANCE",
  },
  "word for a code": {
    event: chunk({}, { error: { code: "server_error", message: "masked" } }, "error"),
    status: 502,
    code: "AI_UPSTREAM_UNAVAILABLE",
  },
  "kind in its metadata": {
    event: chunk({}, {
      error: { code: "x", message: "m", metadata: { error_type: "rate_limit_exceeded" } },
    }),
    status: 429,
    code: "RATE_LIMITED",
  },
  "empty choices": {
    event: chunk({}, { choices: [], error: { code: 400, message: "bad schema" } }),
    status: 400,
    code: "INVALID_INPUT",
  },
  "nothing but the error and a user": {
    event: `data: ${JSON.stringify({ error: { code: 403, message: "no" }, user_id: "u" })}\n\n`,
    status: 502,
    code: "AI_INVALID_API_KEY",
  },
  "text for an error": {
    event: 'data: {"error":"overloaded"}\n\n',
    status: 502,
    code: "AI_UPSTREAM_UNAVAILABLE",
  },
  "an error in its choice": {
    event: chunk({}, {
      choices: [{ index: 0, delta: {}, finish_reason: "error", error: { code: 408 } }],
    }),
    status: 504,
    code: "AI_UPSTREAM_UNAVAILABLE",
  },
  "a finish reason of error and no more": {
    event: chunk({}, {}, "error"),
    status: 502,
    code: "AI_UPSTREAM_UNAVAILABLE",
  },
  "a native finish reason alone": {
    event: chunk({}, {
      choices: [{
        index: 0,
        delta: {},
        finish_reason: "stop",
        native_finish_reason: "network_error",
      }],
    }),
    status: 502,
    code: "AI_UPSTREAM_UNAVAILABLE",
  },
};

for (const [kind, { event, status, code }] of Object.entries(ERRORS)) {
  const before = [COMMENT, chunk({ content: "Once upon 🌍" })].join("");
  const after = [chunk({ content: "never seen" }), STOP, DONE].join("");

  Deno.test(`an error with ${kind} comes as our event in its place, and nothing after it`, async () => {
    for (const sent of [before + event + after, before + event, before + event.trimEnd()]) {
      const bytes = encoder.encode(sent);
      for (const size of [1, 7, before.length, bytes.length]) {
        const { text, outcomes } = await guard(chop(bytes, size));
        assertEquals(text.slice(0, before.length), before, `pieces of ${size}`);
        assertErrorEvent(text.slice(before.length), code);
        assertEquals(outcomes, [[code, undefined]]);
      }
    }
  });

  Deno.test(`an error with ${kind} before everything else is thrown with its status`, async () => {
    for (const size of [1, 1_000_000]) {
      const pieces = chop(encoder.encode(COMMENT + event + after), size);
      const error = await assertRejects(() => guard(pieces), ApiError);
      assertEquals([error.status, error.code], [status, code], `pieces of ${size}`);
    }
  });
}

Deno.test("an error keeps the usage that came before it", async () => {
  const { outcomes } = await guard([
    chunk({ content: "a" }, { usage: USAGE }),
    ERRORS["word for a code"].event,
  ]);
  assertEquals(outcomes, [["AI_UPSTREAM_UNAVAILABLE", USAGE]]);
});

for (
  const [kind, events] of Object.entries({
    "finish reason stop": [chunk({}), STOP, DONE],
    "[DONE] alone": [chunk({}), DONE],
    "blanks of every kind": [
      chunk({ content: null, reasoning: "", tool_calls: [], images: [], refusal: null }),
      STOP,
      DONE,
    ],
  })
) {
  Deno.test(`an answer without output that ends with ${kind} is an error, not an answer`, async () => {
    const { text, outcomes } = await guard(events);
    assertStringIncludes(text, "was empty");
    assertEquals(outcomes.map(([outcome]) => outcome), ["AI_UPSTREAM_UNAVAILABLE"]);
    const error = await assertRejects(() => guard([events.join("")]), ApiError, "was empty");
    assertEquals(error.retryable, true);
  });
}

Deno.test("nothing at all, [DONE] alone and comments alone are thrown as empty or cut", async () => {
  for (const text of ["", DONE, COMMENT, "data: not json\n\n", "\n\n\n\n", "data: null\n\n"]) {
    const error = await guard([text]).catch((thrown) => thrown);
    assert(error instanceof ApiError, JSON.stringify(text));
    assertEquals([error.status, error.retryable], [502, true], JSON.stringify(text));
  }
});

Deno.test("a stall after some output ends the stream with a 504's event", async () => {
  const head = [COMMENT, chunk({ content: "Once" })];
  const { text, outcomes, cancelled } = await guard(head, { end: "hang", idleMs: 30 });
  assertEquals(text.slice(0, head.join("").length), head.join(""));
  assertErrorEvent(text.slice(head.join("").length), "AI_UPSTREAM_UNAVAILABLE");
  assertStringIncludes(text, "stalled");
  assertEquals([outcomes.length, cancelled], [1, true]);
});

Deno.test("keep-alive comments do not feed the watchdog", async () => {
  const head = [chunk({ content: "Once" })];
  const { text, cancelled } = await guard(head, { end: "comments", idleMs: 150 });
  assertStringIncludes(text, COMMENT);
  assertStringIncludes(text, "stalled");
  assertEquals(cancelled, true);
});

Deno.test("a stall after the finish reason is no loss", async () => {
  const head = [chunk({ content: "Once" }), STOP];
  const { text, outcomes } = await guard(head, { end: "hang", idleMs: 30 });
  assertEquals([text, outcomes], [head.join(""), [["complete", undefined]]]);
});

Deno.test("a reader who takes their time is no stall", async () => {
  const { source } = createSource(streamOf("a", "b", "c"));
  const outcomes: string[] = [];
  const stream = await guardCompletion(new Response(source), {
    ...quiet(outcomes),
    idleMs: 100,
  });
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes);
    // Time is the subject here: in sum far beyond the watchdog's, spent by the reader alone.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assertEquals([text, outcomes], [streamOf("a", "b", "c").join(""), ["complete"]]);
});

Deno.test("a stream that nobody reads ends when its time is over, and whoever comes late is told", async () => {
  const { source, state } = createSource(streamOf("a", "b", "c"), { end: "hang" });
  const ended = Promise.withResolvers<[string, number | undefined]>();
  const stream = await guardCompletion(new Response(source), {
    ...quiet(),
    lastsMs: 50,
    onEnd: (outcome, events) => Promise.resolve(ended.resolve([outcome, events])),
  });
  assertEquals(await ended.promise, ["AI_UPSTREAM_UNAVAILABLE", 1]);
  assertEquals(state.cancelled, true);
  const text = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  assertStringIncludes(text, "took too long as a whole");
});

Deno.test("a stream that goes on and on ends when its time is over", async () => {
  const words = Array.from({ length: 1_000 }, () => "a");
  const { text, outcomes, cancelled } = await guard(streamOf(...words), {
    pauseMs: 10,
    lastsMs: 300,
  });
  assertStringIncludes(text, "took too long as a whole");
  assertEquals([outcomes, cancelled], [[["AI_UPSTREAM_UNAVAILABLE", undefined]], true]);
});

Deno.test("a slow, steady upstream is no stall, however long it takes in all", async () => {
  const events = streamOf("a", "b", "c", "d", "e", "f");
  const { source } = createSource(events, { pauseMs: 80 });
  let now = 0;
  // Time passes with the pieces alone: one that the machine holds up would look like a stall.
  const clock = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      now += 80;
      controller.enqueue(piece);
    },
  });
  mock.method(performance, "now", () => now);
  try {
    const response = new Response(source.pipeThrough(clock));
    const stream = await guardCompletion(response, { ...quiet(), idleMs: 500 });
    const text = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
    assertEquals([text, now], [events.join(""), 80 * events.length]);
  } finally {
    mock.restoreAll();
  }
});

Deno.test("cancelling ends the upstream call, and the end is told once with the usage so far", async () => {
  const { source, state } = createSource([chunk({ content: "a" }, { usage: USAGE })], {
    end: "hang",
  });
  const ends: [string, TokenUsage | undefined][] = [];
  const stream = await guardCompletion(new Response(source), {
    ...quiet(),
    onEnd: (outcome, _events, usage) => Promise.resolve(void ends.push([outcome, usage])),
  });
  const reader = stream.getReader();
  await reader.read();
  const waiting = reader.read();
  await reader.cancel();
  assertEquals((await waiting).done, true);
  assertEquals([state.cancelled, ends], [true, [["cancelled", USAGE]]]);
});

Deno.test("cancelling a stream nobody has read from ends the upstream call, too", async () => {
  const { source, state } = createSource([chunk({ content: "a" })], { end: "hang" });
  const outcomes: string[] = [];
  const stream = await guardCompletion(new Response(source), quiet(outcomes));
  await stream.cancel();
  assertEquals([state.cancelled, outcomes], [true, ["cancelled"]]);
});

Deno.test("the end is told once to a reader who leaves before the error event", async () => {
  const { source } = createSource([
    chunk({ content: "a" }),
    chunk({ content: "b" }) + ERRORS["numeric code"].event,
  ]);
  const outcomes: string[] = [];
  const stream = await guardCompletion(new Response(source), quiet(outcomes));
  const reader = stream.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
  assertEquals(outcomes, ["RATE_LIMITED"]);
});

Deno.test("a failure before the first chunk ends the upstream call and tells its end", async () => {
  const { source, state } = createSource([ERRORS["numeric code"].event], { end: "hang" });
  const outcomes: string[] = [];
  await assertRejects(() => guardCompletion(new Response(source), quiet(outcomes)), ApiError);
  assertEquals([state.cancelled, outcomes], [true, ["RATE_LIMITED"]]);
});
