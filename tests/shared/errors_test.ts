import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  ApiError,
  invalidInput,
  toApiError,
  toErrorBody,
  toErrorEvent,
  toOpenAIErrorBody,
  unauthorized,
} from "../../shared/errors.ts";

Deno.test("an ApiError carries what the answer needs, and defaults that hurt nobody", () => {
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

Deno.test("invalidInput is a 400 with its evidence kept as cause", () => {
  const evidence = new SyntaxError("Unexpected token");
  const error = invalidInput("The request body must be JSON", evidence);
  assertEquals([error.status, error.code], [400, "INVALID_INPUT"]);
  assertStrictEquals(error.cause, evidence);
});

Deno.test("unauthorized is the 401 upon which InsForge's SDK refreshes the session", () => {
  const error = unauthorized("expired");
  assertEquals([error.status, error.code], [401, "AUTH_UNAUTHORIZED"]);
  assertEquals(error.headers, { "WWW-Authenticate": "Bearer" });
});

Deno.test("toApiError leaves an ApiError as it is", () => {
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
  Deno.test(`toApiError makes a generic 500 of a thrown ${kind}`, () => {
    const error = toApiError(thrown);
    assertEquals([error.status, error.code], [500, "INTERNAL_ERROR"]);
    assertEquals(error.message.includes("secret"), false);
    assertStrictEquals(error.cause, thrown);
  });
}

Deno.test("toErrorBody is InsForge's flat shape, without what is not for callers", () => {
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
  assertEquals(JSON.stringify(toErrorBody(invalidInput("x"))).includes("nextActions"), false);
});

Deno.test("toErrorEvent is one line with empty choices, whatever the message holds", () => {
  const json = toErrorEvent(invalidInput('two\nlines and "quotes"'));
  assertEquals(json.includes("\n"), false);
  assertEquals(JSON.parse(json), {
    error: { code: "INVALID_INPUT", message: 'two\nlines and "quotes"' },
    choices: [],
  });
});

const openAIErrors: [ApiError, Record<string, unknown>][] = [
  [invalidInput('"messages[0].role" is required'), {
    message: '"messages[0].role" is required',
    type: "invalid_request_error",
    code: "INVALID_INPUT",
    param: "messages[0].role",
  }],
  [new ApiError(400, "AI_INVALID_MODEL", "No endpoints found"), {
    message: "No endpoints found",
    type: "invalid_request_error",
    code: "AI_INVALID_MODEL",
    param: "model",
  }],
  [unauthorized("expired"), {
    message: "Invalid token",
    type: "authentication_error",
    code: "AUTH_UNAUTHORIZED",
    param: null,
  }],
  [new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "Too slow"), {
    message: "Too slow",
    type: "api_error",
    code: "AI_UPSTREAM_UNAVAILABLE",
    param: null,
  }],
];
for (const [error, body] of openAIErrors) {
  Deno.test(`toOpenAIErrorBody is OpenAI's nested shape: ${error.code} ${error.status}`, () => {
    assertEquals(toOpenAIErrorBody(error), { error: body });
  });
}
