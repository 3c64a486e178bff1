/** Where errors hide, and what a caller reads of them: the real reason, and nothing secret. */
import { assert, assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { findError } from "../../../shared/gateway/upstream_error.ts";

/** Why a caller learns more than "refused": each metadata with the message it becomes. */
const REFUSALS: [metadata: Record<string, unknown>, message: string][] = [
  [
    { reasons: ["violence", "harassment"], flagged_input: "I will…", model_slug: "m" },
    "The request was refused: violence, harassment",
  ],
  [{ patterns: ["credit card"] }, "The request was refused: credit card"],
  [{ reasons: [], flagged_input: "x" }, "The request was refused: moderation"],
  [{ error_type: "refusal" }, "The request was refused: the model refused it"],
  [
    { error_type: "content_policy_violation" },
    "The request was refused: the provider's content policy",
  ],
];

for (const [metadata, message] of REFUSALS) {
  Deno.test(`a 403 with ${JSON.stringify(metadata)} is the caller's, with its reasons`, () => {
    const failure = toHttp(403, { error: { code: 403, message: "m", metadata } });
    assertEquals([failure.status, failure.code], [403, "FORBIDDEN"]);
    assertEquals([failure.message, failure.retryable], [message, false]);
  });
}

/** Where the real reason of a 400 stands, and what the caller reads. */
const REASONS: [error: Record<string, unknown>, message: string][] = [
  [{ message: "messages: field required." }, "messages: field required"],
  [provider('{"error":{"message":"Invalid schema for x"}}'), "Invalid schema for x"],
  [provider({ error: { message: "as an object" } }), "as an object"],
  [provider('{"error":"text for an error"}'), "text for an error"],
  [provider('{"message":"at its top"}'), "at its top"],
  [provider("plain text"), "plain text"],
  [provider('"quoted text"'), "quoted text"],
  [provider("<html><body>Bad <b>Request</b></body></html>"), "Bad Request"],
  [provider("two\n\n lines"), "two lines"],
  [provider(undefined), "OpenRouter refused the request as invalid"],
  [provider("null"), "OpenRouter refused the request as invalid"],
  [provider("[]"), "OpenRouter refused the request as invalid"],
  [provider('{"error":{"message":5}}'), "OpenRouter refused the request as invalid"],
  [provider("x".repeat(1_000)), "x".repeat(300)],
  [{ message: 5 }, "OpenRouter refused the request as invalid"],
  [{ message: "" }, "OpenRouter refused the request as invalid"],
  [{}, "OpenRouter refused the request as invalid"],
];

for (const [error, message] of REASONS) {
  Deno.test(`a 400 of ${JSON.stringify(error).slice(0, 80)} says "${message.slice(0, 40)}"`, () => {
    assertEquals(toHttp(400, { error }).message, message);
  });
}

Deno.test("what looks like a credential never reaches the caller", () => {
  const secrets = [
    "sk-or-v1-0123456789abcdef0123456789abcdef",
    "sk-proj-abcDEF123456",
    "sk-ant-api03-abcDEF123456",
    "sk-************cdef",
    "gsk_abcDEF0123456789",
    "xai-abcDEF0123456789",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "ik_0123456789abcdef",
    "anon_0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
  ];
  for (const secret of secrets) {
    const texts = [
      `Incorrect API key provided: ${secret}. Check it`,
      `key=${secret}&x`,
      `"${secret}"`,
    ];
    for (const text of texts) {
      for (const error of [{ message: text }, provider(text), provider({ error: text })]) {
        const { message } = toHttp(400, { error });
        assert(!message.includes(secret), message);
        assert(!message.includes(secret.slice(-8)), message);
      }
    }
  }
  const { message } = toHttp(400, {
    error: { message: "Authorization: Bearer abc.def-1 refused" },
  });
  assertEquals(message, "Authorization: [removed] refused");
  const other = toHttp(400, { error: { message: "X-API-Key: 5a5b5c and x-api-key=5a5b5c" } });
  assertEquals(other.message, "[removed] and [removed]");
});

Deno.test("ordinary messages stay readable", () => {
  for (
    const message of [
      "This endpoint's maximum context length is 128000 tokens. However, you requested 130000",
      "Invalid value: 'xhigh'. Supported values are: 'low', 'medium' and 'high'",
      "tools[0].function.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
      "meta-llama/llama-3.1-405b-instruct:free does not take images",
    ]
  ) {
    assertEquals(toHttp(400, { error: { message } }).message, message);
  }
});

for (const piece of ["<", "Bearer ", "sk-"]) {
  Deno.test(`a message of many "${piece}" is cleaned as any other`, { timeout: 60_000 }, () => {
    const { message } = toHttp(400, { error: provider(piece.repeat(1_000_000)) });
    assertEquals(message.length > 0, true);
  });
}

Deno.test("findError finds an error wherever it hides, and none where there is none", () => {
  const error = { code: 502, message: "m" };
  assertEquals(findError({ error }), error);
  assertEquals(findError({ error, choices: [{ error: { code: 400 } }] }), error);
  assertEquals(findError({ error: "text" }), { message: "text" });
  assertEquals(findError({ choices: [{ error }] }), error);
  for (
    const choice of [
      { finish_reason: "error" },
      { finish_reason: "stop", native_finish_reason: "error" },
      { finish_reason: "stop", native_finish_reason: "network_error" },
    ]
  ) {
    assert(findError({ choices: [choice] }), JSON.stringify(choice));
  }
  for (
    const body of [
      {},
      [],
      { error: null },
      { choices: [] },
      { choices: {} },
      { choices: [null] },
      { choices: [{ finish_reason: "stop", native_finish_reason: "STOP", error: null }] },
      { choices: [{ finish_reason: "content_filter", native_finish_reason: "SAFETY" }] },
    ]
  ) {
    assertEquals(findError(body), undefined, JSON.stringify(body));
  }
});

function toHttp(status: number, body: unknown, headers: Record<string, string> = {}): ApiError {
  return readOpenRouterError({
    status,
    headers: new Headers(headers),
    body: JSON.stringify(body),
  })!;
}

function provider(raw: unknown) {
  return { message: "Provider returned error", metadata: { provider_name: "Acme", raw } };
}
