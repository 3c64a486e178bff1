import { mock } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { unusable } from "../../../shared/gateway/failures.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { chooseGateway } from "../../../shared/gateway/gateway.ts";
import { parseBody } from "../../../shared/gateway/upstream_error.ts";
import { createHostileBody, createRandom, readSeed } from "../../support/hostile_json.ts";
import { OPENROUTER, PINATA, PINME, read } from "./settings.ts";
import { assertJudged, RETRIED, UNAVAILABLE } from "./judged.ts";

/** OpenRouter's statuses, the error that each becomes, and whether the request may be retried. */
const STATUSES: [status: number, message: string, ours: number, code: string, retried?: true][] = [
  [301, "", 502, UNAVAILABLE],
  [400, "messages: field required", 400, "INVALID_INPUT"],
  [400, "acme/none is not a valid model ID", 400, "AI_INVALID_MODEL"],
  [400, "The model `gpt-9` does not exist", 400, "AI_INVALID_MODEL"],
  [401, "User not found.", 502, "AI_INVALID_API_KEY"],
  [402, "Insufficient credits", 402, "BILLING_INSUFFICIENT_BALANCE"],
  [403, "Permission denied", 502, "AI_INVALID_API_KEY"],
  [404, "No endpoints found matching your data policy", 400, "AI_INVALID_MODEL"],
  [405, "Method Not Allowed", 502, UNAVAILABLE],
  [408, "Operation timed out. Please try again later.", 504, UNAVAILABLE, RETRIED],
  [409, "Conflict", 502, UNAVAILABLE, RETRIED],
  [412, "Precondition failed", 400, "INVALID_INPUT"],
  [413, "Downloaded image content cannot exceed 30MB", 413, "INVALID_INPUT"],
  [422, "Unprocessable", 400, "INVALID_INPUT"],
  [429, "Rate limit exceeded", 429, "RATE_LIMITED", RETRIED],
  [451, "Your input was flagged", 403, "FORBIDDEN"],
  [500, "Internal Server Error", 502, UNAVAILABLE, RETRIED],
  [502, "Provider returned error", 502, UNAVAILABLE, RETRIED],
  [503, "Overloaded", 502, UNAVAILABLE, RETRIED],
  [504, "Timeout", 504, UNAVAILABLE, RETRIED],
  [524, "Request timed out. Please try again later.", 502, UNAVAILABLE, RETRIED],
  [529, "Provider returned error", 502, UNAVAILABLE, RETRIED],
];

for (const [status, message, ours, code, retried = false] of STATUSES) {
  Deno.test(`converts HTTP ${status} "${message}" to ${ours} ${code}`, () => {
    assertJudged(readHttp(status, { error: { code: status, message } }), ours, code, retried);
  });

  if (status < 400) continue;
  Deno.test(`converts code ${status} "${message}" inside a 200 to ${ours} ${code}`, () => {
    assertJudged(readEvent({ code: status, message }), ours, code, retried);
    assertJudged(readEvent({ code: String(status), message }), ours, code, retried);
  });
}

Deno.test("returns INVALID_INPUT, not AI_INVALID_MODEL, when an image was not found", () => {
  const error = {
    code: 404,
    message: "No image there",
    metadata: { error_type: "image_not_found" },
  };
  assertJudged(readHttp(404, { error }), 400, "INVALID_INPUT", false);
  assertJudged(readEvent(error), 400, "INVALID_INPUT", false);
});

Deno.test("blames neither a key nor a model when the network edge answers with a page", () => {
  for (const status of [401, 403, 404]) {
    for (const page of ["<html>Blocked</html>", "\n<!DOCTYPE html><h1>Sorry</h1>"]) {
      const failure = readOpenRouterError({ status, body: page })!;
      assertJudged(failure, 502, UNAVAILABLE, false);
      assertEquals(failure.message, "The network edge in front of OpenRouter refused the request");
    }
  }
});

/** A provider's own response, which OpenRouter passes on. */
const FORBIDDEN_CONTENT = {
  message: "Provider returned error",
  metadata: { provider_name: "xAI", raw: '{"error":"Content violates usage guidelines."}' },
};

Deno.test("returns 403 FORBIDDEN with the reason when a provider refuses the content", () => {
  const failure = readHttp(403, { error: { code: 403, ...FORBIDDEN_CONTENT } });
  assertJudged(failure, 403, "FORBIDDEN", false);
  const message = "The request was refused: Content violates usage guidelines";
  assertEquals(failure.message, message);
});

Deno.test("does not blame the project's key when a provider refuses the key of OpenRouter", () => {
  const { message, metadata } = FORBIDDEN_CONTENT;
  for (
    const error of [
      { code: 401, message, metadata },
      { code: 403, message, metadata: { ...metadata, is_byok: true } },
    ]
  ) {
    const failure = readHttp(error.code, { error });
    assertJudged(failure, 502, "AI_INVALID_API_KEY", false);
    assertEquals(failure.message, "The AI provider refused the key that OpenRouter uses");
  }
});

Deno.test("returns the reasons of a 451, or its message when it has no reasons", () => {
  const metadata = { reasons: ["violence"] };
  const reasoned = readHttp(451, { error: { code: 451, message: "m", metadata } });
  assertEquals(reasoned.message, "The request was refused: violence");
  const plain = readHttp(451, { error: { code: 451, message: "Your input was flagged." } });
  assertEquals(plain.message, "The request was refused: Your input was flagged");
  assertEquals(readHttp(451, "").message, "The request was refused: moderation");
});

Deno.test("reads the status when the body is HTML, text, empty or unusual JSON", () => {
  const bodies = [
    "",
    "<!DOCTYPE html><html><h1>502 Bad Gateway</h1></html>",
    "upstream connect error",
    "null",
    "[]",
    "5",
    '"text"',
    "{}",
    '{"error":null}',
    '{"error":"text"}',
    '{"error":5}',
    '{"error":{}}',
    '{"error":{"message":{"deep":1},"code":{},"metadata":"text"}}',
    '{"error":{"metadata":{"reasons":"text","headers":5,"raw":[1],"patterns":{}}}}',
    '{"error":{"metadata":null}}',
    '{"choices":5}',
    '{"message":"own layer"}',
  ];
  for (const body of bodies) {
    const isPage = body.startsWith("<");
    for (const [status, , ours, code] of STATUSES) {
      if (status === 400 || isPage && [401, 403, 404].includes(status)) continue;
      const failure = readOpenRouterError({ status, body })!;
      assertEquals([failure.status, failure.code], [ours, code], `${status} ${body}`);
      assert(!/[<>{}]|Gateway|upstream connect/.test(failure.message), failure.message);
    }
  }
});

/** The kinds of errors that come inside a 200 without a status. */
const KINDS: [kind: string, ours: number, code: string, retried?: true][] = [
  ["invalid_request", 400, "INVALID_INPUT"],
  ["invalid_prompt", 400, "INVALID_INPUT"],
  ["context_length_exceeded", 400, "INVALID_INPUT"],
  ["max_tokens_exceeded", 400, "INVALID_INPUT"],
  ["token_limit_exceeded", 400, "INVALID_INPUT"],
  ["string_too_long", 400, "INVALID_INPUT"],
  ["invalid_image", 400, "INVALID_INPUT"],
  ["image_too_large", 400, "INVALID_INPUT"],
  ["image_too_small", 400, "INVALID_INPUT"],
  ["unsupported_image_format", 400, "INVALID_INPUT"],
  ["image_download_failed", 400, "INVALID_INPUT"],
  ["image_not_found", 400, "INVALID_INPUT"],
  ["authentication", 502, "AI_INVALID_API_KEY"],
  ["payment_required", 402, "BILLING_INSUFFICIENT_BALANCE"],
  ["permission_denied", 502, "AI_INVALID_API_KEY"],
  ["content_policy_violation", 403, "FORBIDDEN"],
  ["refusal", 403, "FORBIDDEN"],
  ["not_found", 400, "AI_INVALID_MODEL"],
  ["timeout", 504, UNAVAILABLE, RETRIED],
  ["precondition_failed", 400, "INVALID_INPUT"],
  ["payload_too_large", 413, "INVALID_INPUT"],
  ["unprocessable", 400, "INVALID_INPUT"],
  ["rate_limit_exceeded", 429, "RATE_LIMITED", RETRIED],
  ["server", 502, UNAVAILABLE, RETRIED],
  ["unmapped", 502, UNAVAILABLE, RETRIED],
  ["provider_unavailable", 502, UNAVAILABLE, RETRIED],
  ["provider_overloaded", 502, UNAVAILABLE, RETRIED],
  ["a_word_of_tomorrow", 502, UNAVAILABLE, RETRIED],
  ["constructor", 502, UNAVAILABLE, RETRIED],
  ["__proto__", 502, UNAVAILABLE, RETRIED],
];

for (const [kind, ours, code, retried = false] of KINDS) {
  Deno.test(`converts the kind ${kind} without a status to ${ours} ${code}`, () => {
    const metadata = { error_type: kind };
    for (const error of [{ code: "server_error", metadata }, { metadata }, { code: kind }]) {
      assertJudged(readEvent({ ...error, message: "m" }), ours, code, retried);
    }
  });
}

Deno.test("reads the kind when the code is not a number from 400 to 599", () => {
  for (const code of [0, 200, 399, 600, 1e9, -1, NaN, null, undefined, "", " ", "text", {}, []]) {
    assertEquals(readEvent({ code, message: "m" }).status, 502, Deno.inspect(code));
    const metadata = { error_type: "rate_limit_exceeded" };
    assertEquals(readEvent({ code, message: "m", metadata }).status, 429);
  }
});

Deno.test("reads the code before the kind", () => {
  const error = { code: 503, message: "m", metadata: { error_type: "invalid_request" } };
  assertJudged(readEvent(error), 502, UNAVAILABLE, RETRIED);
});

Deno.test("retries a 402 only when it is about the in-flight budget and has a Retry-After", () => {
  const inFlight = { limit_source: "openrouter_in_flight_budget" };
  const rows: [metadata: Record<string, unknown>, retryAfter: string | null, retried: boolean][] = [
    [inFlight, "2", true],
    [{ reason: "in_flight_budget_exhausted" }, "2", true],
    [inFlight, null, false],
    [{ limit_source: "openrouter_credits", reason: "weight_exceeds_budget" }, "2", false],
    [{ limit_source: "openrouter_key_limit" }, "2", false],
    [{}, "2", false],
  ];
  for (const [metadata, retryAfter, retried] of rows) {
    const headers: Record<string, string> = retryAfter ? { "Retry-After": retryAfter } : {};
    const failure = readHttp(402, { error: { code: 402, message: "m", metadata } }, headers);
    assertJudged(failure, 402, "BILLING_INSUFFICIENT_BALANCE", retried);
    assert(failure.nextActions!.includes("max_tokens"));
    assertEquals(/limit/.test(failure.message), metadata.limit_source === "openrouter_key_limit");
  }
});

Deno.test("returns 402 when a valid key has reached its limit, by a 402 or a 403", () => {
  const source = { limit_source: "openrouter_workspace_budget" };
  for (
    const error of [
      { code: 403, message: "Key limit exceeded (total limit). Manage it using https://or.test" },
      { code: 403, message: "m", metadata: source },
      { code: 402, message: "m", metadata: { limit_source: "openrouter_key_limit" } },
    ]
  ) {
    for (const failure of [readHttp(error.code, { error }), readEvent(error)]) {
      assertJudged(failure, 402, "BILLING_INSUFFICIENT_BALANCE", false);
      assertEquals(failure.message, "A limit of this project's API key is reached");
      assert(failure.nextActions!.includes("raise the limit"), failure.nextActions);
    }
  }
});

Deno.test("retries the limit per minute of free models, and not their daily limit", () => {
  const free = (message: string, metadata = {}) =>
    readHttp(429, { error: { code: 429, message, metadata } });
  const daily = [
    free("m", { limit_source: "openrouter_free_tier_daily" }),
    free("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 a day"),
    free("Rate limit exceeded: free-models-per-day-high-balance"),
  ];
  for (const failure of daily) {
    assertJudged(failure, 429, "RATE_LIMITED", false);
    assert(failure.message.includes("daily"), failure.message);
  }
  assertJudged(free("Rate limit exceeded: free-models-per-min"), 429, "RATE_LIMITED", true);
  assertJudged(
    free("m", { limit_source: "upstream_provider_shared_pool" }),
    429,
    "RATE_LIMITED",
    true,
  );
});

Deno.test("reads Retry-After in every form", () => {
  const now = Date.UTC(2026, 0, 2);
  const soon = now + 30_000;
  const rows: [headers: Record<string, string>, metadata: unknown, seconds?: number][] = [
    [{ "Retry-After": "7" }, {}, 7],
    [{ "Retry-After": "0" }, {}, 0],
    [{ "Retry-After": "1.5" }, {}, 1.5],
    [{ "Retry-After": new Date(soon).toUTCString() }, {}, 30],
    [{ "Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT" }, {}, 0],
    [{ "retry-after-ms": "250" }, {}, 0.25],
    [{ "retry-after-ms": "250", "Retry-After": "7" }, {}, 0.25],
    [{ "retry-after-ms": "soon", "Retry-After": "7" }, {}, 7],
    [{ "retry-after-ms": "1e999", "Retry-After": "7" }, {}, 7],
    [{ "Retry-After": "soon" }, {}, undefined],
    [{ "Retry-After": "1.2.3" }, {}, undefined],
    [{ "Retry-After": "9".repeat(400) }, {}, undefined],
    [{ "X-RateLimit-Reset": String(soon) }, {}, 30],
    [{}, { headers: { "X-RateLimit-Reset": String(soon) } }, 30],
    [{ "X-RateLimit-Reset": String(now - 1_000) }, {}, undefined],
    [{ "X-RateLimit-Reset": "never" }, {}, undefined],
    [{}, { headers: { "X-RateLimit-Reset": {} } }, undefined],
    [{}, { headers: { "X-RateLimit-Reset": { toString: null, valueOf: null } } }, undefined],
    [{}, {}, undefined],
  ];
  mock.method(Date, "now", () => now);
  try {
    for (const [headers, metadata, seconds] of rows) {
      const { retryAfterSeconds } = readHttp(429, { error: { message: "m", metadata } }, headers);
      assertEquals(retryAfterSeconds, seconds, JSON.stringify({ headers, metadata }));
    }
  } finally {
    mock.restoreAll();
  }
});

Deno.test("reads the Retry-After of an error inside a 200 from the response headers", () => {
  const headers = new Headers({ "Retry-After": "9" });
  assertEquals(readEvent({ code: 429, message: "m" }, headers).retryAfterSeconds, 9);
});

Deno.test("keeps the error and the body as cause", () => {
  const body = { error: { code: 500, message: "masked", metadata: {} } };
  assertEquals(readHttp(500, body).cause, { status: 500, ...body, text: JSON.stringify(body) });
});

Deno.test("unusable returns a 502 that is retried only when asked for", () => {
  assertJudged(unusable("No image"), 502, UNAVAILABLE, false);
  assertJudged(unusable("Empty", { retryable: true }), 502, UNAVAILABLE, true);
});

Deno.test("never throws, whatever a gateway sends", () => {
  const seed = readSeed();
  const random = createRandom(seed);
  const gateways = [OPENROUTER, PINATA, PINME].map((values) => chooseGateway(read(values)));
  const metadata = {
    error_type: "refusal",
    reasons: ["a"],
    patterns: ["b"],
    flagged_input: "x",
    limit_source: "openrouter_key_limit",
    reason: "in_flight_budget_exhausted",
    headers: { "X-RateLimit-Reset": "1" },
    provider_name: "P",
    raw: { error: { message: "m" } },
  };
  const error = { code: 403, message: "Provider returned error", metadata };
  const choice = { error, finish_reason: "stop", native_finish_reason: "SAFETY", message: {} };
  const examples = [
    { error, error_type: "refusal", availableMicrocredits: 5 },
    { choices: [choice, { ...choice, error: null }] },
    { code: 400, msg: "error", data: { error: "why" } },
  ];
  for (let i = 0; i < 5_000; i++) {
    const text = createHostileBody(random, examples[i % examples.length]);
    for (const gateway of gateways) {
      const status = [200, 400, 401, 402, 403, 404, 429, 451, 500][i % 9]!;
      const body = status === 200 ? parseBody(text) : text;
      try {
        const failure = gateway.readError({ status, headers: new Headers(), body });
        assert(!failure || failure.status >= 400 && failure.message.length <= 450);
      } catch (thrown) {
        throw new Error(`seed ${seed}: ${status} ${text.slice(0, 500)}`, { cause: thrown });
      }
    }
  }
});

function readHttp(status: number, body: unknown, headers: Record<string, string> = {}): ApiError {
  return readOpenRouterError({
    status,
    headers: new Headers(headers),
    body: JSON.stringify(body),
  })!;
}

function readEvent(error: unknown, headers?: Headers): ApiError {
  return readOpenRouterError({ status: 200, headers, body: { error } })!;
}
