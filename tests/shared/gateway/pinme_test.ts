import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { createPinme } from "../../../shared/gateway/pinme.ts";
import { assertJudged, RETRIED, UNAVAILABLE } from "./judged.ts";
import { CHAT, PINME, read } from "./settings.ts";

const pinme = createPinme(read(PINME));

function readHttp(status: number, body: unknown): ApiError {
  return pinme.readError({ status, body: JSON.stringify(body) })!;
}

Deno.test("sends OpenRouter's fields to PinMe, with the project's name and the key in X-API-Key", () => {
  const fields = { ...CHAT, plugins: [{ id: "web" }], models: ["a"] };
  const { url, body, toHeaders } = pinme.request("/chat/completions", fields);
  assertEquals(url, "https://pinme.cloud/api/v1/chat/completions?project_name=my+proj%26x");
  assertEquals(new URL(url).searchParams.get("project_name"), "my proj&x");
  assertEquals(body, JSON.stringify(fields));
  assertEquals(toHeaders(), { "X-API-Key": "pm-1", "Content-Type": "application/json" });
  const models = pinme.request("/models?output_modalities=all");
  assertMatch(models.url, /\/api\/v1\/models\?output_modalities=all&project_name=my\+proj%26x$/);
  assertEquals(models.body, undefined);
});

Deno.test("accepts a body of 1048576 bytes, and rejects one byte more with 413", () => {
  const build = (content: string) => pinme.request("/chat/completions", { content }).body!;
  const frame = build("").length;
  const room = 1_048_576 - frame;
  for (const filled of ["x".repeat(room), "ü".repeat(room / 2), "🌍".repeat(room / 4)]) {
    const rest = "x".repeat(room - new TextEncoder().encode(filled).length);
    assertEquals(new TextEncoder().encode(build(filled + rest)).length, 1_048_576);
    const error = assertThrows(() => build(filled + rest + "x"), ApiError);
    assertEquals([error.status, error.code], [413, "INVALID_INPUT"]);
    assertMatch(error.message, /must not exceed 1048576 bytes with PinMe/);
  }
});

/** All of PinMe's own errors. */
const ENVELOPES: [status: number, error: string, ours: number, code: string, retried?: true][] = [
  [401, "X-API-Key header is required", 502, "AI_INVALID_API_KEY"],
  [401, "Invalid API key", 502, "AI_INVALID_API_KEY"],
  [401, "Invalid API key or project name", 502, "AI_INVALID_API_KEY"],
  [400, "project_name is required", 502, "AI_INVALID_API_KEY"],
  [400, "LLM service not configured for this project", 502, "AI_INVALID_API_KEY"],
  [403, "Insufficient balance, please recharge", 402, "BILLING_INSUFFICIENT_BALANCE"],
  [413, "Request body too large (max 1MB)", 413, "INVALID_INPUT"],
  [500, "Failed to build request", 502, UNAVAILABLE, RETRIED],
  [502, "LLM service unavailable", 502, UNAVAILABLE, RETRIED],
];
for (const [status, error, ours, code, retried = false] of ENVELOPES) {
  Deno.test(`converts PinMe's ${status} "${error}" to ${ours} ${code}, by status or inside a 200`, () => {
    const envelope = { code: status, msg: "error", data: { error } };
    const failure = readHttp(status, envelope);
    assertJudged(failure, ours, code, retried);
    if (code === "AI_INVALID_API_KEY") {
      const message = `PinMe refused this project's API key: ${error}`;
      assertEquals(failure.message, message);
    }
    assertJudged(pinme.readError({ status: 200, body: envelope })!, ours, code, retried);
  });
}

Deno.test("reads the reason from anywhere in an envelope", () => {
  const messages = [{ error: "why" }, undefined, null, {}, []].map((data) =>
    readHttp(401, { code: 1, msg: "error", data }).message.split(": ").at(-1)
  );
  assertEquals(messages, ["why", "error", "error", "error", "error"]);
});

Deno.test("finds no error in PinMe's successful responses", () => {
  for (
    const body of [{ code: 200, msg: "ok", data: {} }, { data: [], msg: 5 }, [], null, "text"]
  ) {
    assertEquals(pinme.readError({ status: 200, body }), undefined, JSON.stringify(body));
  }
});

Deno.test("passes on OpenRouter's errors, but never blames this project's key for PinMe's own", () => {
  const body = (status: number, metadata = {}) => ({
    error: { code: status, message: "m", metadata },
  });
  const moderated = readHttp(403, body(403, { reasons: ["violence"] }));
  assertJudged(moderated, 403, "FORBIDDEN", false);
  const capped = { limit_source: "openrouter_key_limit" };
  for (const [status, metadata] of [[401], [403], [403, capped]] as const) {
    const failure = readHttp(status, body(status, metadata));
    assertJudged(failure, 502, "AI_INVALID_API_KEY", false);
    assertEquals(failure.message, "The gateway behind PinMe refused the key of PinMe");
  }
  const edge = pinme.readError({ status: 403, body: "<html>Blocked</html>" })!;
  assertJudged(edge, 502, UNAVAILABLE, false);
});
