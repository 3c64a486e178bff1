import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import {
  ApiError,
  type ErrorCode,
  invalidInput,
  toAnthropicErrorBody,
  toAnthropicErrorEvent,
  toApiError,
  toErrorBody,
  toErrorEvent,
  toOpenAIErrorBody,
  toOpenAIErrorEvent,
  unauthorized,
} from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";

Deno.test("an ApiError is not retryable and has no headers by default", () => {
  const error = new ApiError(429, "RATE_LIMITED", "Too many requests");
  assertEquals([error.status, error.code, error.message], [
    429,
    "RATE_LIMITED",
    "Too many requests",
  ]);
  assertEquals(error.name, "ApiError");
  assertEquals(error.retryable, false);
  assertEquals(error.headers, {});
  assertEquals([error.nextActions, error.retryAfterSeconds], [undefined, undefined]);
});

Deno.test("invalidInput returns a 400 with the evidence as cause", () => {
  const evidence = new SyntaxError("Unexpected token");
  const error = invalidInput("The request body must be JSON", evidence);
  assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
  assertStrictEquals(error.cause, evidence);
});

Deno.test("unauthorized returns the 401 that makes InsForge's SDK refresh the session", () => {
  const error = unauthorized("expired");
  assertEquals([error.status, error.code], [401, "AUTH_UNAUTHORIZED"]);
  assertEquals(error.headers, { "WWW-Authenticate": "Bearer" });
});

Deno.test("toApiError returns an ApiError unchanged", () => {
  const error = invalidInput("wrong");
  assertStrictEquals(toApiError(error), error);
});

const thrownThings: [string, unknown][] = [
  ["TypeError", new TypeError("secret")],
  ["text", "secret"],
  ["object", { message: "secret", status: 404, code: "NOT_FOUND" }],
  ["null", null],
  ["undefined", undefined],
];
for (const [kind, thrown] of thrownThings) {
  Deno.test(`toApiError returns a generic 500 for a thrown ${kind}`, () => {
    const error = toApiError(thrown);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
    assertEquals(error.message.includes("secret"), false);
    assertStrictEquals(error.cause, thrown);
  });
}

Deno.test("toErrorBody returns InsForge's flat shape without internal fields", () => {
  const error = new ApiError(402, "BILLING_INSUFFICIENT_BALANCE", "No credits", {
    nextActions: "Add credits",
    retryable: true,
    retryAfterSeconds: 3,
    headers: { "X-Any": "1" },
    cause: "evidence",
  });
  assertEquals(JSON.parse(JSON.stringify(toErrorBody(error))), {
    error: "BILLING_INSUFFICIENT_BALANCE",
    message: "No credits",
    statusCode: 402,
    nextActions: "Add credits",
  });
});

Deno.test("adds the next actions of the code when an error has none of its own", () => {
  const rows: [status: number, code: ErrorCode, nextActions: string | undefined][] = [
    [400, "INVALID_INPUT", "Correct the request as the message says"],
    [413, "INVALID_INPUT", "Send a smaller request, and pass images by URL"],
    [500, "AI_INVALID_API_KEY", "Ask the operator of this app to correct what the message names"],
    [502, "AI_INVALID_API_KEY", "Ask the operator of this app to check its API key"],
    [499, "REQUEST_CANCELLED", undefined],
  ];
  for (const [status, code, nextActions] of rows) {
    const error = new ApiError(status, code, "m");
    assertEquals(toErrorBody(error).nextActions, nextActions);
    const { metadata } = toOpenAIErrorBody(error).error as { metadata: Fields };
    assertEquals(metadata.next_actions, nextActions);
  }
  assertMatch(toErrorBody(toApiError(new Error("x"))).nextActions as string, /X-Request-Id/);
});

Deno.test("toErrorEvent returns one line without choices, whatever the message contains", () => {
  const json = toErrorEvent(invalidInput('two\nlines and "quotes"'));
  assertEquals(json.includes("\n"), false);
  assertEquals(JSON.parse(json), {
    error: { code: "INVALID_INPUT", message: 'two\nlines and "quotes"' },
  });
});

Deno.test("toOpenAIErrorEvent returns the error body as one line", () => {
  const error = invalidInput('"n" must be\n1');
  assertEquals(toOpenAIErrorEvent(error).includes("\n"), false);
  assertEquals(JSON.parse(toOpenAIErrorEvent(error)), toOpenAIErrorBody(error));
});

const anthropicErrors: [number, ErrorCode, type: string][] = [
  [400, "INVALID_INPUT", "invalid_request_error"],
  [401, "AUTH_UNAUTHORIZED", "authentication_error"],
  [402, "BILLING_INSUFFICIENT_BALANCE", "billing_error"],
  [403, "FORBIDDEN", "permission_error"],
  [404, "NOT_FOUND", "not_found_error"],
  [405, "INVALID_INPUT", "invalid_request_error"],
  [413, "INVALID_INPUT", "request_too_large"],
  [429, "RATE_LIMITED", "rate_limit_error"],
  [500, "INTERNAL_ERROR", "api_error"],
  [504, "AI_UPSTREAM_UNAVAILABLE", "api_error"],
  [529, "AI_UPSTREAM_UNAVAILABLE", "overloaded_error"],
];
for (const [status, code, type] of anthropicErrors) {
  Deno.test(`toAnthropicErrorBody returns ${type} for the status ${status}`, () => {
    const error = new ApiError(status, code, "two\nlines");
    const { nextActions } = toErrorBody(error);
    assertEquals(toAnthropicErrorBody(error), {
      type: "error",
      error: {
        type,
        message: "two\nlines",
        metadata: { error_code: code, next_actions: nextActions },
      },
    });
    assertEquals(toAnthropicErrorEvent(error).includes("\n"), false);
  });
}

const openAIErrors: [ApiError, type: string, param: string | null][] = [
  [invalidInput('"messages[0].role" is required'), "invalid_request_error", "messages[0].role"],
  [new ApiError(400, "AI_INVALID_MODEL", "No endpoints"), "invalid_request_error", "model"],
  [unauthorized("expired"), "authentication_error", null],
  [new ApiError(402, "BILLING_INSUFFICIENT_BALANCE", "No credits"), "insufficient_quota", null],
  [new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "Too slow"), "api_error", null],
];
for (const [error, type, param] of openAIErrors) {
  const { status, code, message } = error;
  Deno.test(`toOpenAIErrorBody returns the status ${status} as code, and ${code} in metadata`, () => {
    const { nextActions } = toErrorBody(error);
    assertEquals(toOpenAIErrorBody(error), {
      error: {
        message,
        type,
        code: status,
        param,
        metadata: { error_code: code, next_actions: nextActions },
      },
    });
  });
}

Deno.test("details stand in OpenAI's error and beside it, and in no other shape", () => {
  const details = { availableMicrocredits: 5 };
  const error = new ApiError(402, "BILLING_INSUFFICIENT_BALANCE", "Too few credits", { details });
  const { error: nested, ...beside } = toOpenAIErrorBody(error);
  assertEquals(beside, details);
  assertEquals((nested as typeof details).availableMicrocredits, 5);
  assertEquals("availableMicrocredits" in toErrorBody(error), false);
});
