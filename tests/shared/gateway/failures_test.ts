import { mock } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { unusable } from "../../../shared/gateway/failures.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { assertJudged, RETRIED, UNAVAILABLE } from "./judged.ts";

/** OpenRouter's statuses: what becomes of each, and whether the same call may be tried again. */
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
  [500, "Internal Server Error", 502, UNAVAILABLE, RETRIED],
  [502, "Provider returned error", 502, UNAVAILABLE, RETRIED],
  [503, "Overloaded", 502, UNAVAILABLE, RETRIED],
  [504, "Timeout", 504, UNAVAILABLE, RETRIED],
  [524, "Request timed out. Please try again later.", 502, UNAVAILABLE, RETRIED],
  [529, "Provider returned error", 502, UNAVAILABLE, RETRIED],
];

for (const [status, message, ours, code, retried = false] of STATUSES) {
  Deno.test(`HTTP ${status} "${message}" becomes ${ours} ${code}`, () => {
    assertJudged(readHttp(status, { error: { code: status, message } }), ours, code, retried);
  });

  if (status < 400) continue;
  Deno.test(`code ${status} "${message}" inside a 200 becomes ${ours} ${code}`, () => {
    assertJudged(readEvent({ code: status, message }), ours, code, retried);
    assertJudged(readEvent({ code: String(status), message }), ours, code, retried);
  });
}

Deno.test("an image that was not found is not a model that was not", () => {
  const error = {
    code: 404,
    message: "No image there",
    metadata: { error_type: "image_not_found" },
  };
  assertJudged(readHttp(404, { error }), 400, "INVALID_INPUT", false);
  assertJudged(readEvent(error), 400, "INVALID_INPUT", false);
});

Deno.test("a page of the edge's that says 403 is no word on a key", () => {
  for (const page of ["<html>Blocked</html>", "\n<!DOCTYPE html><h1>Sorry</h1>"]) {
    const failure = readOpenRouterError({ status: 403, body: page })!;
    assertJudged(failure, 502, UNAVAILABLE, false);
    assert(!/key|[<>]/.test(failure.message), failure.message);
  }
});

Deno.test("HTTP errors keep their meaning with any body: HTML, nothing, text, odd JSON", () => {
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
      if (status === 400 || status === 403 && isPage) continue;
      const failure = readOpenRouterError({ status, body })!;
      assertEquals([failure.status, failure.code], [ours, code], `${status} ${body}`);
      assert(!/[<>{}]|Gateway|upstream connect/.test(failure.message), failure.message);
    }
  }
});

/** `error_type`s, which stand in for a status where an error inside a 200 has none. */
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
  Deno.test(`an error of kind ${kind} without a status becomes ${ours} ${code}`, () => {
    const metadata = { error_type: kind };
    for (const error of [{ code: "server_error", metadata }, { metadata }, { code: kind }]) {
      assertJudged(readEvent({ ...error, message: "m" }), ours, code, retried);
    }
  });
}

Deno.test("codes outside of 400 to 599 say nothing, and the kind decides", () => {
  for (const code of [0, 200, 399, 600, 1e9, -1, NaN, null, undefined, "", " ", "text", {}, []]) {
    assertEquals(readEvent({ code, message: "m" }).status, 502, Deno.inspect(code));
    const metadata = { error_type: "rate_limit_exceeded" };
    assertEquals(readEvent({ code, message: "m", metadata }).status, 429);
  }
});

Deno.test("a number decides before a kind does", () => {
  const error = { code: 503, message: "m", metadata: { error_type: "invalid_request" } };
  assertJudged(readEvent(error), 502, UNAVAILABLE, RETRIED);
});

Deno.test("only the in-flight 402 with a Retry-After is retried", () => {
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

Deno.test("a key that has spent what it may is not called wrong: its limit is", () => {
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
      assert(/^A limit .* key is reached$/.test(failure.message), failure.message);
      assert(failure.nextActions!.startsWith("Raise the limit at OpenRouter"));
    }
  }
});

Deno.test("the daily limit of free models is not retried, the one per minute is", () => {
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

Deno.test("Retry-After is read in every form there is", () => {
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

Deno.test("an error inside a 200 takes its Retry-After from the answer's headers", () => {
  const headers = new Headers({ "Retry-After": "9" });
  assertEquals(readEvent({ code: 429, message: "m" }, headers).retryAfterSeconds, 9);
});

Deno.test("the evidence is kept as cause, for nobody but us", () => {
  const body = { error: { code: 500, message: "masked" } };
  assertEquals(readHttp(500, body).cause, { status: 500, ...body, text: JSON.stringify(body) });
});

Deno.test("unusable is a 502 that is retried only on demand", () => {
  assertJudged(unusable("No image"), 502, UNAVAILABLE, false);
  assertJudged(unusable("Empty", { retryable: true }), 502, UNAVAILABLE, true);
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
