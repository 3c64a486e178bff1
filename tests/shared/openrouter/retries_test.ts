import { assert, assertEquals } from "@std/assert";
import { createRequest } from "../../support/caller.ts";
import {
  chunk,
  COMMENT,
  completion,
  createUpstream,
  type Reply,
  streamOf,
} from "../../support/upstream.ts";
import { environmentOf, handler, probe } from "./openrouter_probe.ts";
import { withShortWaits } from "./short_waits.ts";

const SOON = { "retry-after-ms": "1" };
const FINE: Reply = { json: completion() };
const EVENTS = streamOf("third time lucky");

for (const status of [408, 409, 429, 500, 502, 503, 504, 524, 529]) {
  Deno.test(`makes three attempts for HTTP ${status}`, async () => {
    await using upstream = await createUpstream();
    const failure = { status, headers: SOON, json: { error: { code: status, message: "m" } } };
    upstream.reply(failure, failure, FINE);
    assertEquals((await probe("/completion", upstream)).status, 200);
    upstream.reply(failure, failure, { sse: EVENTS });
    assertEquals((await probe("/stream", upstream)).text, EVENTS.join(""));
    upstream.reply(failure, failure, failure);
    assert((await probe("/completion", upstream)).status >= 429);
  });
}

for (const status of [301, 400, 401, 402, 403, 404, 405, 413, 422, 501]) {
  Deno.test(`makes one attempt for HTTP ${status}`, async () => {
    await using upstream = await createUpstream();
    const failure = { status, headers: SOON, json: { error: { code: status, message: "m" } } };
    for (const path of ["/completion", "/stream"] as const) {
      upstream.reply(failure);
      assert((await probe(path, upstream)).status >= 400);
    }
  });
}

/** Failures other than an HTTP status, and whether they are retried. */
const FAILURES: [kind: string, failure: Reply, retried: boolean][] = [
  ["a connection that closes after the request was sent", { reset: true }, false],
  ["an error inside a 200", { json: { error: { code: 503, message: "m" } } }, true],
  ["a lasting error inside a 200", { json: { error: { code: 400, message: "m" } } }, false],
  ["an error inside a choice", { json: { choices: [{ error: { code: 502 } }] } }, true],
  [
    "an answer that ended with an error",
    { json: completion({}, { finish_reason: "error" }) },
    true,
  ],
  [
    "a response for which nothing was generated",
    { json: completion({ content: "" }, { usage: { completion_tokens: 0 } }) },
    true,
  ],
  ["an answer that cannot be read", { text: "<html>" }, false],
  [
    "an answer that is cut",
    { sse: ['{"id":'], headers: { "content-type": "application/json" }, end: "cut" },
    false,
  ],
  [
    "the daily limit of free models",
    { status: 429, json: { error: { message: "Rate limit exceeded: free-models-per-day" } } },
    false,
  ],
];

for (const [kind, failure, retried] of FAILURES) {
  Deno.test(`makes ${retried ? "three attempts" : "one attempt"} for ${kind}`, async () => {
    await using upstream = await createUpstream();
    await withShortWaits(async () => {
      upstream.reply(...Array(retried ? 3 : 1).fill(failure));
      assert((await probe("/completion", upstream)).status >= 400);
      if (!retried) return;
      upstream.reply(failure, failure, FINE);
      assertEquals((await probe("/completion", upstream)).status, 200);
    });
  });
}

/** Streams that fail before they have said anything. */
const SILENT: [kind: string, failure: Reply][] = [
  ["an error as first event", { sse: [COMMENT, chunk({}, { error: { code: 502 } }, "error")] }],
  ["an end before any event", { sse: [COMMENT] }],
  ["a cut before any event", { sse: [COMMENT, 'data: {"id":'], end: "cut" }],
];

for (const [kind, failure] of SILENT) {
  Deno.test(`retries a stream that begins with ${kind}`, async () => {
    await using upstream = await createUpstream();
    await withShortWaits(async () => {
      upstream.reply(failure, failure, { sse: EVENTS });
      assertEquals((await probe("/stream", upstream)).text, EVENTS.join(""));
      upstream.reply(failure, failure, failure);
      assertEquals((await probe("/stream", upstream)).status, 502);
    });
  });
}

Deno.test("does not retry a stream that fails after its first event", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: [chunk({ content: "Once" })], end: "cut" });
  const { status, text } = await probe("/stream", upstream);
  assertEquals(status, 200);
  assert(text.startsWith(chunk({ content: "Once" })), text);
});

Deno.test("waits as long as Retry-After says, else about half a second and then a second", async () => {
  await using upstream = await createUpstream();
  const failure = (headers: Record<string, string>) => ({ status: 503, headers, json: {} });
  const waits: number[] = [];
  upstream.reply(failure({ "retry-after": "2" }), failure({ "retry-after-ms": "1500" }), FINE);
  upstream.reply(failure({}), failure({}), FINE);
  const isDeadline = (ms: number) => ms > 50_000;
  await withShortWaits(async () => {
    await probe("/completion", upstream);
    await probe("/completion", upstream);
  }, waits);
  const [first, second, third, fourth, ...more] = waits.filter((ms) => !isDeadline(ms));
  assertEquals([first, second, more], [2_000, 1_500, []]);
  assert(third! >= 375 && third! <= 625, `${third}`);
  assert(fourth! >= 750 && fourth! <= 1_250, `${fourth}`);
});

for (
  const [retryAfter, values] of [
    ["3600", {}],
    ["21", {}],
    ["15", { REQUEST_DEADLINE_MS: "14000", STREAM_FIRST_EVENT_DEADLINE_MS: "14000" }],
  ] as const
) {
  Deno.test(`passes Retry-After: ${retryAfter} on when it is too long for ${JSON.stringify(values)}`, async () => {
    await using upstream = await createUpstream();
    for (const path of ["/completion", "/stream"] as const) {
      upstream.reply({ status: 429, headers: { "retry-after": retryAfter }, json: {} });
      const { status, body, headers } = await probe(path, upstream, { values });
      assertEquals([status, body.error], [429, "RATE_LIMITED"]);
      assertEquals(headers.get("retry-after"), retryAfter);
    }
  });
}

/** Upstreams that take too long, in every phase. */
const HANGS: [path: "/completion" | "/stream", kind: string, replies: Reply[]][] = [
  ["/completion", "no body", [{
    sse: [" "],
    headers: { "content-type": "application/json" },
    end: "hang",
  }]],
  ["/completion", "no body the second time", [
    { status: 503, headers: SOON },
    { sse: [" "], headers: { "content-type": "application/json" }, end: "hang" },
  ]],
  ["/stream", "no event", [{ sse: [""], end: "hang" }]],
  ["/stream", "comments alone", [{ sse: Array(20).fill(COMMENT), end: "hang" }]],
  ["/stream", "half an event", [{ sse: ["data: {"], end: "hang" }]],
];

for (const [path, kind, replies] of HANGS) {
  Deno.test(`returns 504 from ${path} when ${kind} has arrived by the deadline`, async () => {
    await using upstream = await createUpstream();
    upstream.reply(...replies);
    const values = {
      REQUEST_DEADLINE_MS: "20000",
      STREAM_FIRST_EVENT_DEADLINE_MS: "20000",
    };
    const answer = await withShortWaits(() => probe(path, upstream, { values }));
    assertEquals([answer.status, answer.body.error], [504, "AI_UPSTREAM_UNAVAILABLE"]);
    assertEquals(await upstream.requests.at(-1)!.cancelled, true);
  });
}

Deno.test("the deadline of the first event does not end a stream that has begun", async () => {
  await using upstream = await createUpstream();
  // A millisecond each, beside a deadline of two seconds.
  const events = streamOf(...Array(2_500).fill("word "));
  upstream.reply({ sse: events });
  const values = { STREAM_FIRST_EVENT_DEADLINE_MS: "20000" };
  const { text } = await withShortWaits(() => probe("/stream", upstream, { values }));
  assertEquals(text, events.join(""));
});

Deno.test("sends nothing when the request was aborted before the call", async () => {
  await using upstream = await createUpstream();
  for (const path of ["/completion", "/stream"] as const) {
    const request = createRequest({}, { path, signal: AbortSignal.abort() });
    assertEquals((await handler(request, environmentOf(upstream))).status, 499);
  }
});

Deno.test("stops waiting for a retry when the request is aborted", async () => {
  await using upstream = await createUpstream();
  const abort = new AbortController();
  upstream.reply(() => {
    // The response is sent before the request is aborted, and the wait would be long.
    setTimeout(() => abort.abort(), 50);
    return { status: 503, headers: { "retry-after": "19" }, json: {} };
  });
  const request = createRequest({}, { path: "/completion", signal: abort.signal });
  assertEquals((await handler(request, environmentOf(upstream))).status, 499);
});
