/** Streams that fail: errors inside them, cuts, silences, callers who close the connection. */
import { mock } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { chunk, COMMENT, completion, DONE, streamOf, USAGE } from "../../support/upstream.ts";
import {
  assertErrorEvent,
  chop,
  createGuard,
  createSource,
  guard,
  readAll,
  toOutcome,
} from "./guarded_stream.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const STOP = chunk({}, {}, "stop");

/** Errors inside a stream, and the status and code that they become. */
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

  Deno.test(`replaces an error with ${kind} by one event of ours and sends nothing after it`, async () => {
    for (const sent of [before + event + after, before + event, before + event.trimEnd()]) {
      const bytes = encoder.encode(sent);
      for (const size of [1, 7, before.length, bytes.length]) {
        const { text, outcome } = await guard(chop(bytes, size));
        assertEquals(text.slice(0, before.length), before, `pieces of ${size}`);
        assertErrorEvent(text.slice(before.length), code);
        assertEquals(outcome, code);
      }
    }
  });

  Deno.test(`throws an error with ${kind} that comes first, with its status`, async () => {
    for (const size of [1, 1_000_000]) {
      const pieces = chop(encoder.encode(COMMENT + event + after), size);
      const error = await assertRejects(() => guard(pieces), ApiError);
      assertEquals([error.status, error.code], [status, code], `pieces of ${size}`);
    }
  });
}

Deno.test("keeps the usage that came before an error", async () => {
  const { outcome, ending } = await guard([
    chunk({ content: "a" }, { usage: USAGE }),
    ERRORS["word for a code"]!.event,
  ]);
  assertEquals([outcome, ending.usage], ["AI_UPSTREAM_UNAVAILABLE", USAGE]);
});

const NOTHING_GENERATED = { ...USAGE, completion_tokens: 0 };

for (
  const [kind, events] of Object.entries({
    "[DONE] and no finish reason": [chunk({}), DONE],
    "only empty fields": [
      chunk({ content: null, reasoning: "", tool_calls: [], images: [], refusal: null, audio: {} }),
      DONE,
    ],
    "a finish reason and zero completion tokens": [
      chunk({}),
      STOP,
      chunk({}, { usage: NOTHING_GENERATED }, "stop"),
      DONE,
    ],
  })
) {
  Deno.test(`reports a stream with ${kind} as empty and retryable`, async () => {
    const { text, outcome } = await guard(events);
    assertStringIncludes(text, "was empty");
    assertEquals(outcome, "AI_UPSTREAM_UNAVAILABLE");
    const error = await assertRejects(() => guard([events.join("")]), ApiError, "was empty");
    assertEquals(error.retryable, true);
  });
}

Deno.test("throws nothing at all, [DONE] alone and comments alone as empty or cut, to be retried", async () => {
  for (const text of ["", DONE, COMMENT, "data: not json\n\n", "\n\n\n\n", "data: null\n\n"]) {
    const error = await guard([text]).catch((thrown) => thrown);
    assert(error instanceof ApiError, JSON.stringify(text));
    assertEquals([error.status, error.retryable], [502, true], JSON.stringify(text));
  }
});

Deno.test("ends a stream that falls silent after some output with an error event", async () => {
  const head = [COMMENT, chunk({ content: "Once" })];
  const { text, cancelled } = await guard(head, { end: "hang", idleMs: 30 });
  assertEquals(text.slice(0, head.join("").length), head.join(""));
  assertErrorEvent(text.slice(head.join("").length), "AI_UPSTREAM_UNAVAILABLE");
  assertStringIncludes(text, "stalled");
  assertEquals(cancelled, true);
});

Deno.test({
  name: "keeps a stream open for as long as keep-alive comments arrive, up to its total time",
  async fn() {
    const head = [chunk({ content: "Once" })];
    const { text, cancelled } = await guard(head, { end: "comments", idleMs: 200, lastsMs: 600 });
    assertStringIncludes(text, COMMENT);
    assertStringIncludes(text, "took longer than allowed");
    assertEquals(cancelled, true);
  },
});

Deno.test("completes a stream that falls silent after its finish reason", async () => {
  const head = [chunk({ content: "Once" }), STOP];
  const { text, outcome } = await guard(head, { end: "hang", idleMs: 30 });
  assertEquals([text, outcome], [head.join(""), "complete"]);
});

Deno.test("does not count the time in which the caller reads nothing as a silence", async () => {
  const { source } = createSource(streamOf("a", "b", "c"));
  const guard = createGuard(source, { idleMs: 100 });
  await guard.open();
  let text = "";
  for (let bytes; (bytes = await guard.read());) {
    text += decoder.decode(bytes);
    // Time is the subject here: in sum far beyond the watchdog's, spent by the reader alone.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assertEquals([text, toOutcome(await guard.ended)], [
    streamOf("a", "b", "c").join(""),
    "complete",
  ]);
});

Deno.test("ends a stream that the caller does not read when its time is over, and tells a late reader", async () => {
  const { source, state } = createSource(streamOf("a", "b", "c"), { end: "hang" });
  const guard = createGuard(source, { lastsMs: 50 });
  await guard.open();
  await guard.abandoned;
  const ending = await guard.ended;
  assertEquals([toOutcome(ending), ending.tokens], ["AI_UPSTREAM_UNAVAILABLE", 1]);
  assertEquals(state.cancelled, true);
  assertStringIncludes(await readAll(guard), "took longer than allowed");
});

Deno.test("ends a stream that does not stop when its time is over", async () => {
  const words = Array.from({ length: 1_000 }, () => "a");
  const { text, outcome, cancelled } = await guard(streamOf(...words), {
    pauseMs: 10,
    lastsMs: 300,
  });
  assertStringIncludes(text, "took longer than allowed");
  assertEquals([outcome, cancelled], ["AI_UPSTREAM_UNAVAILABLE", true]);
});

Deno.test("does not take a slow and steady gateway for a silent one", async () => {
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
    const guard = createGuard(source.pipeThrough(clock), { idleMs: 500 });
    await guard.open();
    assertEquals([await readAll(guard), now], [events.join(""), 80 * events.length]);
  } finally {
    mock.restoreAll();
  }
});

Deno.test("cancelling ends the upstream request and keeps the usage so far", async () => {
  const { source, state } = createSource([chunk({ content: "a" }, { usage: USAGE })], {
    end: "hang",
  });
  const guard = createGuard(source);
  await guard.open();
  await guard.read();
  const waiting = guard.read();
  guard.cancel();
  assertEquals(await waiting, undefined);
  const ending = await guard.ended;
  assertEquals([state.cancelled, ending.outcome, ending.usage], [true, "cancelled", USAGE]);
});

Deno.test("cancelling a stream before the first read ends the upstream request", async () => {
  const { source, state } = createSource([chunk({ content: "a" })], { end: "hang" });
  const guard = createGuard(source);
  await guard.open();
  guard.cancel();
  assertEquals([state.cancelled, toOutcome(await guard.ended)], [true, "cancelled"]);
});

Deno.test("keeps the error as the outcome when the caller cancels before reading it", async () => {
  const { source } = createSource([
    chunk({ content: "a" }),
    chunk({ content: "b" }) + ERRORS["numeric code"]!.event,
  ]);
  const guard = createGuard(source);
  await guard.open();
  await guard.read();
  await guard.read();
  guard.cancel();
  assertEquals(toOutcome(await guard.ended), "RATE_LIMITED");
});

Deno.test("a failure before the first chunk ends the upstream request", async () => {
  const { source, state } = createSource([ERRORS["numeric code"]!.event], { end: "hang" });
  const guard = createGuard(source);
  await assertRejects(() => guard.open(), ApiError);
  const { refused, outcome } = await guard.ended;
  assertEquals([state.cancelled, refused, (outcome as ApiError).code], [
    true,
    true,
    "RATE_LIMITED",
  ]);
});

Deno.test("reports a response without a body as cut", async () => {
  await assertRejects(() => createGuard(null).open(), ApiError, "ended before");
});

Deno.test("turns one JSON completion into a stream, whatever its label says", async () => {
  const json = JSON.stringify(completion({ tool_calls: [{ id: "c", type: "function" }] }));
  for (const label of ["application/json", "text/plain", "text/event-stream"]) {
    const pieces = chop(encoder.encode(` \n\n${json}`), 100);
    const { text, outcome, ending } = await guard(pieces, { label });
    const events = text.split("\n\n").filter(Boolean).map((event) => event.slice(6));
    assertEquals(events.at(-1), "[DONE]");
    const [first, last] = events.slice(0, -1).map((event) => JSON.parse(event));
    assertEquals(first.choices[0].delta.content, "Hello!");
    assertEquals(first.choices[0].delta.tool_calls[0].index, 0);
    assertEquals([last.choices[0].finish_reason, last.usage], ["stop", USAGE]);
    assertEquals([outcome, ending.usage], ["complete", USAGE]);
  }
});

Deno.test("throws the error of a JSON response to a streamed request with its status", async () => {
  const json = JSON.stringify({ error: { code: 429, message: "slow down" } });
  const error = await assertRejects(() => guard([json]), ApiError);
  assertEquals(error.status, 429);
});

Deno.test("rejects a page, and JSON that is not a completion, without a retry", async () => {
  for (const text of ["<html>busy</html>", "{}", '{"data":[]}', "[]", "busy"]) {
    const error = await assertRejects(() => guard([text], { label: "text/plain" }), ApiError);
    assertEquals([error.status, error.retryable], [502, false], text);
  }
});
