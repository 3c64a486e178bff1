import { assert, assertEquals } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { redact, toExcerpt } from "../../../shared/gateway/redaction.ts";

Deno.test("removes credentials from every place of an error", () => {
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
    "sk-abcdefghijklmnopqrstuvwx",
    "hf_AbCdEfGhIjKlMnOpQrStUvWx1a2b3c",
    "AKIAIOSFODNN7EXAMPLE",
    "ya29.a0AfH6SMBx-canary_token",
  ];
  for (const secret of secrets) {
    const texts = [
      `Incorrect API key provided: ${secret}. Check it`,
      `key=${secret}&x`,
      `"${secret}"`,
      ...(secret.startsWith("sk-or-") ? [`apikey${secret}`] : []),
    ];
    for (const text of texts) {
      for (const error of [{ message: text }, provider(text), provider({ error: text })]) {
        const { message } = readHttp(400, { error });
        assert(!message.includes(secret), message);
        assert(!message.includes(secret.slice(-8)), message);
      }
    }
  }
  const { message } = readHttp(400, {
    error: { message: "Authorization: Bearer abc.def-1 refused" },
  });
  assertEquals(message, "Authorization: [removed] refused");
  const other = readHttp(400, { error: { message: "X-API-Key: 5a5b5c and x-api-key=5a5b5c" } });
  assertEquals(other.message, "[removed] and [removed]");
});

Deno.test("keeps ordinary messages unchanged", () => {
  for (
    const message of [
      "This endpoint's maximum context length is 128000 tokens. However, you requested 130000",
      "Invalid value: 'xhigh'. Supported values are: 'low', 'medium' and 'high'",
      "tools[0].function.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
      "meta-llama/llama-3.1-405b-instruct:free does not take images",
      "In context=('properties', 'key_points'), 'additionalProperties' is required",
      "Unknown column pk_customer_id, ik_tenant_number, anon_user_12345678 or sk_score_2024",
      "Invalid key-value-store, key_accountmanagers2024 or key_internationalization",
      "Bearer authentication is required, and X-API-Key header is missing",
      "Request req_011CSHoEeqs5C35K2UUqLm7h of 550e8400-e29b-41d4-a716-446655440000 failed",
    ]
  ) {
    assertEquals(readHttp(400, { error: { message } }).message, message);
  }
});

Deno.test("removes credentials from URLs and keeps the rest", () => {
  const rows = [
    ["https://x.test/a?key=abc&id=7", "https://x.test/a?key=[removed]&id=7"],
    ["https://x.test/a?id=7&access_token=a.b", "https://x.test/a?id=7&access_token=[removed]"],
    ["https://me:secret@x.test/a", "https://[removed]@x.test/a"],
    ["https://x.test/@user/a", "https://x.test/@user/a"],
  ];
  for (const [text, shown] of rows) assertEquals(redact(text!), shown);
});

Deno.test("shortens a text to one line of 300 characters that is well formed", () => {
  assertEquals(toExcerpt(" two\n\n lines "), "two lines");
  const cut = toExcerpt("x".repeat(299) + "🌍");
  assert(cut.isWellFormed());
  assertEquals(cut.length, 300);
});

function readHttp(status: number, body: unknown): ApiError {
  return readOpenRouterError({ status, body: JSON.stringify(body) })!;
}

function provider(raw: unknown) {
  return { message: "Provider returned error", metadata: { provider_name: "Acme", raw } };
}
