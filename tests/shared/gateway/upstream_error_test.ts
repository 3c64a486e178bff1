import { assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import {
  findError,
  findRefusal,
  type UpstreamError,
} from "../../../shared/gateway/upstream_error.ts";

/** The metadata of refusals, and the message that each becomes. */
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
  Deno.test(`returns 403 FORBIDDEN with the reasons of ${JSON.stringify(metadata)}`, () => {
    const failure = toHttp(403, { error: { code: 403, message: "m", metadata } });
    assertEquals([failure.status, failure.code], [403, "FORBIDDEN"]);
    assertEquals([failure.message, failure.retryable], [message, false]);
  });
}

/** Places of the real reason of a 400, and the message that it becomes. */
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
  Deno.test(`extracts "${message.slice(0, 40)}" from ${JSON.stringify(error).slice(0, 80)}`, () => {
    assertEquals(toHttp(400, { error }).message, message);
  });
}

for (const piece of ["<", "Bearer ", "sk-"]) {
  Deno.test(`cleans a message that repeats "${piece}" a million times`, { timeout: 60_000 }, () => {
    const { message } = toHttp(400, { error: provider(piece.repeat(1_000_000)) });
    assertEquals(message.length > 0, true);
  });
}

/** Bodies that report an error, and what is found. */
const FOUND: [body: unknown, error: Partial<UpstreamError>][] = [
  [{ error: { code: 502, message: "m" } }, { code: 502, message: "m" }],
  [{ error: { code: 502 }, choices: [{ error: { code: 400 } }] }, { code: 502 }],
  [{ error: "text" }, { message: "text" }],
  [{ error: 429 }, { code: 429 }],
  [{ error: { message: { deep: 1 }, code: {}, metadata: "text" } }, {}],
  [{ error: { code: "x" }, error_type: "refusal" }, {
    code: "x",
    metadata: { error_type: "refusal" },
  }],
  [{ choices: [{ error: { code: 400 } }] }, { code: 400 }],
  [{ choices: [{ error: { code: 400 } }, { error: { code: 401 } }] }, { code: 400 }],
  ...[
    { finish_reason: "error" },
    { finish_reason: "stop", native_finish_reason: "error" },
    { finish_reason: "stop", native_finish_reason: "network_error" },
  ].map((choice): [unknown, Partial<UpstreamError>] => [
    { choices: [choice] },
    { message: "The provider ended the answer with an error" },
  ]),
];
for (const [body, error] of FOUND) {
  Deno.test(`finds the error in ${JSON.stringify(body)}`, () => {
    const { code, message, metadata } = findError(body)!;
    const expected = { code: undefined, message: undefined, metadata: {}, ...error };
    assertEquals({ code, message, metadata }, expected);
  });
}

const GOOD = { finish_reason: "stop", message: { content: "x" } };
for (
  const body of [
    {},
    [],
    null,
    "text",
    { error: null },
    { error: "" },
    { error: {} },
    { error: [] },
    { error: false },
    { error: 0 },
    { error: { code: null, message: "" } },
    { choices: [] },
    { choices: {} },
    { choices: [null] },
    { choices: [{ ...GOOD, error: {} }] },
    { choices: [{ ...GOOD, error: "" }] },
    { choices: [{ error: { code: 502 } }, GOOD] },
    { choices: [{ finish_reason: "stop", native_finish_reason: "STOP", error: null }] },
    { choices: [{ finish_reason: "content_filter", native_finish_reason: "SAFETY" }] },
    { choices: [{ native_finish_reason: { toString: null } }] },
  ]
) {
  Deno.test(`finds no error in ${JSON.stringify(body)}`, () => {
    assertEquals(findError(body), undefined);
  });
}

for (
  const reason of [
    "SAFETY",
    "PROHIBITED_CONTENT",
    "BLOCKLIST",
    "RECITATION",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "NO_IMAGE",
    "refusal",
    "content_filter",
    "content_filtered",
    "guardrail_intervened",
    "ERROR_TOXIC",
    "sensitive",
  ]
) {
  Deno.test(`returns 403 FORBIDDEN when only native_finish_reason ${reason} tells a refusal`, () => {
    for (const content of [null, "", undefined]) {
      const choice = {
        finish_reason: "stop",
        native_finish_reason: reason,
        message: { role: "assistant", content, tool_calls: [] },
      };
      const failure = readOpenRouterError({ status: 200, body: { choices: [choice] } })!;
      assertEquals([failure.status, failure.code, failure.retryable], [403, "FORBIDDEN", false]);
      const words = reason.toLowerCase().replaceAll("_", " ");
      assertEquals(failure.message, `The request was refused: ${words}`);
    }
  });
}

Deno.test("takes a turn for finished when a refusal is in the text or is content_filter", () => {
  const refused = { finish_reason: "stop", native_finish_reason: "SAFETY", message: {} };
  for (
    const choice of [
      { ...refused, finish_reason: "content_filter" },
      { ...refused, message: { content: "I cannot do that" } },
      { ...refused, message: { content: null, refusal: "No" } },
      { ...refused, message: { images: [{ image_url: { url: "data:," } }] } },
      { ...refused, native_finish_reason: "end_turn" },
      { ...refused, native_finish_reason: "MAX_TOKENS" },
      { ...refused, native_finish_reason: null },
    ]
  ) {
    assertEquals(findRefusal(choice), undefined, JSON.stringify(choice));
    assertEquals(findError({ choices: [choice] }), undefined, JSON.stringify(choice));
  }
});

Deno.test("leaves it to the reader of a stream whether a chunk without output is a refusal", () => {
  const choice = { delta: { content: "" }, finish_reason: "stop", native_finish_reason: "SAFETY" };
  assertEquals(findError({ choices: [choice] }), undefined);
  assertEquals(findRefusal(choice)!.metadata.reasons, ["safety"]);
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
