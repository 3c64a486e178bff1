/** Failures of OpenRouter, and the error that every client must report for each. */
import { chunk, completion, type Reply, streamOf } from "../support/upstream.ts";

/** One failure: the upstream's replies, in order, and the error that a client must report. */
export interface Failure {
  name: string;
  replies: Reply[];
  status: number;
  code: string;
  message: RegExp;
}

const SOON = { "retry-after-ms": "1" };
const REFUSED_KEY = /refused this project's API key|denied this project's API key/;
const FAILED = /failed or could not be reached/;

/** Failures before the first byte, which are the same for JSON and for streams. */
export const FAILURES: Failure[] = [
  failure("a refused key", error(401, "User not found."), 502, "AI_INVALID_API_KEY", REFUSED_KEY),
  failure("a limited key", error(403, "Forbidden"), 502, "AI_INVALID_API_KEY", REFUSED_KEY),
  failure(
    "no credits",
    error(402, "Insufficient credits"),
    402,
    "BILLING_INSUFFICIENT_BALANCE",
    /AI credits of this project/,
  ),
  failure(
    "a moderated prompt",
    error(403, "Moderated", { reasons: ["violence"], flagged_input: "x" }),
    403,
    "FORBIDDEN",
    /refused: violence/,
  ),
  failure(
    "an unknown model",
    error(400, "unknown/model is not a valid model ID"),
    400,
    "AI_INVALID_MODEL",
    /not a valid model ID/,
  ),
  failure(
    "no endpoint",
    error(404, "No endpoints found that support tool use"),
    400,
    "AI_INVALID_MODEL",
    /No endpoints found/,
  ),
  failure(
    "a reason of the provider",
    error(400, "Provider returned error", { raw: '{"error":{"message":"Too many images"}}' }),
    400,
    "INVALID_INPUT",
    /Too many images/,
  ),
  failure("a wrong value", error(422, "Bad schema"), 400, "INVALID_INPUT", /Bad schema/),
  failure(
    "a request that is too large",
    error(413, "Images exceed 30MB"),
    413,
    "INVALID_INPUT",
    /exceed 30MB/,
  ),
  failure(
    "a rate limit",
    thrice(error(429, "Rate limit exceeded")),
    429,
    "RATE_LIMITED",
    /rate limit is reached/,
  ),
  failure(
    "a daily limit",
    error(429, "Rate limit exceeded: free-models-per-day"),
    429,
    "RATE_LIMITED",
    /daily limit/,
  ),
  ...[408, 504].map((status) =>
    failure(
      `status ${status}`,
      thrice(error(status, "Timed out")),
      504,
      "AI_UPSTREAM_UNAVAILABLE",
      /took too long/,
    )
  ),
  ...[500, 502, 503, 524, 529].map((status) =>
    failure(
      `status ${status}`,
      thrice(error(status, "Provider returned error")),
      502,
      "AI_UPSTREAM_UNAVAILABLE",
      FAILED,
    )
  ),
  failure(
    "an HTML page",
    thrice({
      status: 502,
      text: "<html>Bad gateway</html>",
      headers: { "content-type": "text/html" },
    }),
    502,
    "AI_UPSTREAM_UNAVAILABLE",
    FAILED,
  ),
  failure(
    "an error with status 200",
    { json: { error: { code: 402, message: "Insufficient credits" } } },
    402,
    "BILLING_INSUFFICIENT_BALANCE",
    /AI credits/,
  ),
  failure(
    "an unreadable response",
    { text: "", headers: { "content-type": "application/json" } },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
    /could not be read|did not respond with a stream/,
  ),
];

/** Failures that only a JSON response can have. */
export const ANSWER_FAILURES: Failure[] = [
  failure(
    "an error inside a choice",
    { json: { ...completion(), choices: [{ error: { code: 400, message: "Bad image" } }] } },
    400,
    "INVALID_INPUT",
    /Bad image/,
  ),
  failure(
    "an answer that the provider abandoned",
    thrice({ json: completion({ content: "Hel" }, { finish_reason: "error" }) }),
    502,
    "AI_UPSTREAM_UNAVAILABLE",
    FAILED,
  ),
];

/** Failures of the network, which take some time. */
export const NETWORK_FAILURES: Failure[] = [
  failure(
    "a connection that is reset",
    { reset: true },
    502,
    "AI_UPSTREAM_UNAVAILABLE",
    /could not be reached/,
  ),
  failure(
    "a response that never arrives",
    { text: " ", headers: { "content-type": "application/json" }, end: "hang" },
    504,
    "AI_UPSTREAM_UNAVAILABLE",
    /took too long/,
  ),
];

/** A failure that only a stream can have, before its first data event. */
export const STREAM_FAILURES: Failure[] = [
  failure(
    "an error as the first event",
    { sse: [chunk({}, { error: { code: 402, message: "Insufficient credits" } }, "error")] },
    402,
    "BILLING_INSUFFICIENT_BALANCE",
    /AI credits/,
  ),
];

/** Failures after the first text of a stream, which cannot have a status any more. */
export const BREAKS: Failure[] = [
  failure(
    "an error after some text",
    {
      sse: [chunk({ content: "Hel" }), chunk({}, { error: { code: 500, message: "x" } }, "error")],
    },
    0,
    "AI_UPSTREAM_UNAVAILABLE",
    FAILED,
  ),
  failure(
    "a stream without a finish reason",
    { sse: streamOf("Hel", "lo").slice(0, 3) },
    0,
    "AI_UPSTREAM_UNAVAILABLE",
    /ended before the response was complete/,
  ),
  failure(
    "a cut connection",
    { sse: [chunk({ content: "Hel" })], end: "cut" },
    0,
    "AI_UPSTREAM_UNAVAILABLE",
    /ended before the response was complete/,
  ),
];

function failure(
  name: string,
  replies: Reply | Reply[],
  status: number,
  code: string,
  message: RegExp,
): Failure {
  return { name, replies: [replies].flat(), status, code, message };
}

function error(status: number, message: string, metadata?: Record<string, unknown>): Reply {
  return { status, json: { error: { code: status, message, metadata } } };
}

/** The same reply to the first attempt and to both retries, which follow at once. */
function thrice(reply: Reply): Reply[] {
  return Array.from({ length: 3 }, () => ({ ...reply, headers: { ...SOON, ...reply.headers } }));
}
