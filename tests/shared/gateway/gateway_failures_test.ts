/** Failures of Pinata and PinMe, in their own shapes. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ApiError } from "../../../shared/errors.ts";
import { type Asked, toHttpFailure, toInBandFailure } from "../../../shared/gateway/failures.ts";
import { findError } from "../../../shared/gateway/upstream_error.ts";
import { assertJudged, RETRIED, UNAVAILABLE } from "./judged.ts";

const PINATA = { title: "Pinata", keySetting: "PINATA_LLM_KEY" };
const PINME = { title: "PinMe", keySetting: "PINME_API_KEY", passesErrorsOn: true } as const;

/** PinMe's own failures, all there are. */
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
  Deno.test(`PinMe's ${status} "${error}" becomes ${ours} ${code}, wherever it stands`, () => {
    const envelope = { code: status, msg: "error", data: { error } };
    const failure = toHttp(status, envelope, PINME);
    assertJudged(failure, ours, code, retried);
    if (code === "AI_INVALID_API_KEY") {
      const message = `PinMe refused this project's API key, the setting PINME_API_KEY: ${error}`;
      assertEquals(failure.message, message);
    }
    assertJudged(toInBandFailure(findError(envelope)!, undefined, PINME), ours, code, retried);
  });
}

Deno.test("what PinMe passes on is OpenRouter's, and its key is not this project's", () => {
  const body = (status: number, metadata = {}) => ({
    error: { code: status, message: "m", metadata },
  });
  const moderated = toHttp(403, body(403, { reasons: ["violence"] }), PINME);
  assertJudged(moderated, 403, "FORBIDDEN", false);
  const capped = { limit_source: "openrouter_key_limit" };
  for (
    const [status, verb, about] of [[401, "refused"], [403, "denied"], [
      403,
      "denied",
      capped,
    ]] as const
  ) {
    const failure = toHttp(status, body(status, about), PINME);
    assertJudged(failure, 502, "AI_INVALID_API_KEY", false);
    assertEquals(failure.message, `The gateway behind PinMe ${verb} PinMe's own key`);
  }
});

Deno.test("a refused key is named by its setting, with every gateway", () => {
  const error = { message: "m" };
  for (
    const [asked, name] of [[PINATA, "PINATA_LLM_KEY"], [undefined, "OPENROUTER_API_KEY"]] as const
  ) {
    for (const status of [401, 403]) {
      assertStringIncludes(toHttp(status, { error }, asked).message, name);
    }
  }
});

/** Bodies of Pinata's 402, and what its caller reads of the balance. */
const BALANCES: [body: unknown, left: string][] = [
  [{ error: { message: "m" }, availableMicrocredits: 1234 }, "; 1234 microcredits are available"],
  [{ error: { message: "m", availableMicrocredits: 0 } }, "; 0 microcredits are available"],
  [{ error: "m", availableMicrocredits: "99" }, "; 99 microcredits are available"],
  [{ error: { message: "m" }, availableMicrocredits: "<b>many</b>" }, ""],
  [{ error: { message: "m" }, availableMicrocredits: { deep: 1 } }, ""],
  [{ error: { message: "m" } }, ""],
  [null, ""],
  [[], ""],
];
for (const [body, left] of BALANCES) {
  Deno.test(`Pinata's 402 ${JSON.stringify(body)} passes on what is left`, () => {
    const failure = toHttp(402, body, PINATA);
    assertJudged(failure, 402, "BILLING_INSUFFICIENT_BALANCE", false);
    const message = "The AI credits of this project do not cover the request" + left;
    assertEquals(failure.message, message);
    assertMatch(failure.nextActions!, /^Add credits at Pinata/);
  });
}

function toHttp(status: number, body: unknown, asked?: Asked): ApiError {
  return toHttpFailure(status, JSON.stringify(body), new Headers(), asked);
}
