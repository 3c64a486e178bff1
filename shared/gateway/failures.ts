/** What a gateway's failures mean: pure judgement, from an error in any of its shapes to ours. */
import { ApiError, type ErrorCode } from "../errors.ts";
import {
  describe,
  findError,
  findMicrocredits,
  findReasons,
  type UpstreamError,
} from "./upstream_error.ts";

export { findError, redact, type UpstreamError } from "./upstream_error.ts";

/** Who was asked, for the words of a failure. */
export interface Asked {
  title: string;
  /** The setting that holds the project's key. */
  keySetting: string;
  /** Whether errors may be those of a gateway behind it, which knows a key that is not ours. */
  passesErrorsOn?: true;
}

const OPENROUTER: Asked = { title: "OpenRouter", keySetting: "OPENROUTER_API_KEY" };

/** PinMe's 400 is about the project that the key is for, its 403 about an empty balance. */
const ENVELOPE_STATUS = new Map([[400, 401], [403, 402]]);

/** The source of a 402 that passes by itself. */
const IN_FLIGHT = "openrouter_in_flight_budget";

/** What an {@link ApiError} made here was judged by; it is its `cause`. */
export interface Evidence {
  status: number;
  error: UpstreamError;
  /** The body of an answer that failed by its HTTP status, as it came. */
  text?: string;
}

/** Statuses of errors that say their kind, but not their status, by a word. */
const KIND_STATUS = new Map(Object.entries({
  authentication: 401,
  payment_required: 402,
  permission_denied: 403,
  content_policy_violation: 403,
  refusal: 403,
  not_found: 404,
  timeout: 408,
  payload_too_large: 413,
  unprocessable: 422,
  rate_limit_exceeded: 429,
  invalid_request: 400,
  invalid_prompt: 400,
  invalid_image: 400,
  context_length_exceeded: 400,
  max_tokens_exceeded: 400,
  token_limit_exceeded: 400,
  string_too_long: 400,
  image_too_large: 400,
  image_too_small: 400,
  unsupported_image_format: 400,
  image_download_failed: 400,
  image_not_found: 400,
  precondition_failed: 412,
}));

/** Statuses that may pass by themselves; 402 and the daily 429 are looked at more closely. */
const RETRYABLE = new Set([408, 409, 429, 500, 502, 503, 504, 524, 529]);

/**
 * Translates a failed HTTP answer.
 *
 * @param status the HTTP status, 300 or above.
 * @param text the body as it came; it may be JSON, HTML or nothing.
 * @param headers the answer's headers.
 * @param asked the gateway, OpenRouter unless given.
 * @returns the error for our caller, see docs/troubleshooting.md, "Errors".
 * @see https://openrouter.ai/docs/api-reference/errors
 */
export function toHttpFailure(
  status: number,
  text: string,
  headers: Headers,
  asked = OPENROUTER,
): ApiError {
  let error: UpstreamError = {};
  try {
    error = findError(JSON.parse(text)) ?? {};
  } catch {
    // HTML from the edge, or nothing at all: the status says enough.
  }
  return toFailure({ status: toMeantStatus(status, error), error, text }, asked, headers);
}

/** Translates an error that came inside a 200, by its own code or kind; without either it is a 502. */
export function toInBandFailure(
  error: UpstreamError,
  headers?: Headers,
  asked = OPENROUTER,
): ApiError {
  const code = Number(error.code);
  const kind = String(error.metadata?.error_type ?? error.code ?? "");
  const status = code >= 400 && code < 600 ? code : KIND_STATUS.get(kind) ?? 502;
  return toFailure({ status: toMeantStatus(status, error), error }, asked, headers);
}

/** A 502 for an answer that cannot be used, though nobody called it an error. */
export function unusable(message: string, options?: { retryable: boolean }): ApiError {
  return new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", message, options);
}

function toMeantStatus(status: number, { enveloped }: UpstreamError): number {
  return enveloped && ENVELOPE_STATUS.get(status) || status;
}

function toFailure(evidence: Evidence, asked: Asked, headers?: Headers): ApiError {
  const { status, error } = evidence;
  const { title } = asked;
  const metadata = error.metadata ?? {};
  const retryAfterSeconds = readRetryAfter(headers, metadata);
  const fail = (ours: number, code: ErrorCode, message: string, retryable = false) =>
    new ApiError(ours, code, message, { retryable, retryAfterSeconds, cause: evidence });

  const isCapped = isKeyCapped(evidence, asked);
  switch (isCapped ? 402 : status) {
    case 401:
      return fail(502, "AI_INVALID_API_KEY", toKeyRefusal("refused", error, asked));
    case 402: {
      const transient = metadata.limit_source === IN_FLIGHT ||
        metadata.reason === "in_flight_budget_exhausted";
      const left = findMicrocredits(error, evidence.text);
      return new ApiError(
        402,
        "BILLING_INSUFFICIENT_BALANCE",
        isCapped
          ? `A limit that ${title} keeps for this project's API key is reached`
          : "The AI credits of this project do not cover the request" +
            (left === undefined ? "" : `; ${left} microcredits are available`),
        {
          retryable: transient && retryAfterSeconds !== undefined,
          retryAfterSeconds,
          nextActions: `${isCapped ? "Raise the limit" : "Add credits"} at ${title}, ` +
            `or ask for less with a lower "max_tokens"`,
          cause: evidence,
        },
      );
    }
    case 403: {
      if (isPage(evidence.text)) {
        return fail(502, "AI_UPSTREAM_UNAVAILABLE", `The edge before ${title} refused the request`);
      }
      const reasons = findReasons(error);
      return reasons
        ? fail(403, "FORBIDDEN", `The request was refused: ${reasons}`)
        : fail(502, "AI_INVALID_API_KEY", toKeyRefusal("denied", error, asked));
    }
    case 404:
      return metadata.error_type === "image_not_found"
        ? fail(400, "INVALID_INPUT", describe(error, "An image of the request was not found"))
        : fail(400, "AI_INVALID_MODEL", describe(error, "No model fits the request"));
    case 400:
    case 412:
    case 422: {
      const message = describe(error, `${title} refused the request as invalid`);
      const code = /\bmodel\b.*\b(not found|not exist|invalid)|not a valid model/i.test(message)
        ? "AI_INVALID_MODEL"
        : "INVALID_INPUT";
      return fail(400, code, message);
    }
    case 413:
      return fail(413, "INVALID_INPUT", describe(error, "The request is too large for the model"));
    case 429: {
      const daily = metadata.limit_source === "openrouter_free_tier_daily" ||
        /free-models-per-day/.test(String(error.message));
      const message = daily
        ? "The daily limit of free model requests is reached"
        : "The AI provider's rate limit is reached; try again shortly";
      return fail(429, "RATE_LIMITED", message, !daily);
    }
    case 408:
    case 504:
      return fail(504, "AI_UPSTREAM_UNAVAILABLE", "The AI provider took too long to answer", true);
    default:
      return fail(
        502,
        "AI_UPSTREAM_UNAVAILABLE",
        "The AI provider failed or could not be reached",
        RETRYABLE.has(status),
      );
  }
}

/** Whether a key is good and has spent what it may: a 402, or a 403 that is not about the key itself. */
function isKeyCapped({ status, error }: Evidence, { passesErrorsOn }: Asked): boolean {
  if (status !== 402 && status !== 403 || passesErrorsOn) return false;
  return /\blimit exceeded\b/i.test(String(error.message)) ||
    /^openrouter_\w+_(limit|budget)$/.test(String(error.metadata?.limit_source)) &&
      error.metadata?.limit_source !== IN_FLIGHT;
}

/** Whether a body is a page: the edge before a gateway refuses with one, and knows no key or code. */
export function isPage(text = ""): boolean {
  return /^\s*</.test(text);
}

/** Whose key was refused, and where it is to be set right. */
function toKeyRefusal(
  verb: string,
  error: UpstreamError,
  { title, keySetting, passesErrorsOn }: Asked,
): string {
  if (passesErrorsOn && !error.enveloped) {
    return `The gateway behind ${title} ${verb} ${title}'s own key`;
  }
  const reason = error.enveloped ? `: ${describe(error, "no reason given")}` : "";
  return `${title} ${verb} this project's API key, the setting ${keySetting}${reason}`;
}

/** Seconds to wait, from the header in any of its forms or from where else OpenRouter says it. */
function readRetryAfter(headers?: Headers, metadata?: Record<string, unknown>): number | undefined {
  const ms = Number(headers?.get("retry-after-ms") || NaN);
  if (ms >= 0 && Number.isFinite(ms)) return ms / 1_000;
  const value = headers?.get("retry-after");
  if (value) {
    const seconds = /^[\d.]+$/.test(value)
      ? Number(value)
      : (Date.parse(value) - Date.now()) / 1_000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
  }
  // Epoch milliseconds, as a string, and on some answers inside the metadata only.
  const limits = metadata?.headers as Record<string, unknown> | undefined;
  const reset = Number(headers?.get("x-ratelimit-reset") ?? limits?.["X-RateLimit-Reset"]);
  return reset > Date.now() ? (reset - Date.now()) / 1_000 : undefined;
}
