/** What the errors of a gateway mean: converts an error in any of its shapes to an `ApiError`. */
import { ApiError, type ErrorCode, invalidInput } from "../errors.ts";
import type { Settings } from "../settings.ts";
import type { GatewayName, Received } from "./interface.ts";
import {
  findError,
  findReasons,
  parseBody,
  readRetryAfter,
  toReason,
  toStatus,
  type UpstreamError,
} from "./upstream_error.ts";

/** What an {@link ApiError} of a gateway was judged by; it is the error's `cause`. */
export interface Evidence {
  /** The HTTP status, or the status that the error stands for. */
  status: number;
  /** The error as it was found. */
  error: UpstreamError;
  /** The body of a response that failed by its HTTP status, as it was received. */
  text?: string;
}

/** The `limit_source` of a 402 that passes by itself. */
const IN_FLIGHT = "openrouter_in_flight_budget";

/** Statuses of failures of the gateway that may pass by themselves. */
const RETRYABLE = new Set([409, 500, 502, 503, 524, 529]);

/**
 * The error that a response or event reports in OpenRouter's form, if any; see `Gateway.readError`.
 *
 * @see https://openrouter.ai/docs/api-reference/errors
 */
export function readError(
  { status, headers, body }: Received,
  gateway: GatewayName,
): ApiError | undefined {
  const error = findError(parseBody(body));
  if (status < 300) {
    return error && toFailure({ status: toStatus(error), error, headers }, gateway);
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return toFailure({ status, error: error ?? { metadata: {} }, text, headers }, gateway);
}

/**
 * The project's key for a gateway.
 *
 * @throws {ApiError} 500 `AI_INVALID_API_KEY` that names the first required setting that is missing.
 */
export function requireKey(
  settings: Settings,
  { keySetting, requiredSettings }: GatewayName,
): string {
  for (const [name, meaning] of Object.entries(requiredSettings)) {
    if (settings[name as keyof Settings]) continue;
    const message = `The setting ${name} is missing; it must be ${meaning}`;
    throw new ApiError(500, "AI_INVALID_API_KEY", message);
  }
  return settings[keySetting]!;
}

/** A 400 for an operation, a field or a value that a gateway does not have. */
export function unsupported(quoted: string, { title }: GatewayName): ApiError {
  return invalidInput(`${quoted} is not available with ${title}`);
}

/** A 502 for a response that cannot be used although it reports no error. */
export function unusable(message: string, options?: { retryable: boolean }): ApiError {
  return new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", message, options);
}

/** An error with the status that it came with or stands for. */
export interface Failed extends Evidence {
  /** The headers of the response. */
  headers?: Headers;
}

/** Converts an error to ours; see docs/troubleshooting.md, "Errors". */
export function toFailure(failed: Failed, gateway: GatewayName): ApiError {
  const { status, error, text } = failed;
  const retryAfterSeconds = readRetryAfter(failed.headers, error.metadata);
  const outcome = isKeyCapped(failed) ? toBalanceOutcome(failed) : toOutcome(failed, gateway);
  const { retryable = false, ...options } = outcome;
  return new ApiError(outcome.status, outcome.code, outcome.message, {
    ...options,
    retryable: retryable === "after a wait" ? retryAfterSeconds !== undefined : retryable,
    retryAfterSeconds,
    cause: { status, error, text } satisfies Evidence,
  });
}

/** What an error comes to. */
interface Outcome {
  status: number;
  code: ErrorCode;
  message: string;
  /** For the app's user; the usual ones of the code unless given. */
  nextActions?: string;
  /** `after a wait`: only when the response says how long to wait. */
  retryable?: boolean | "after a wait";
}

function toOutcome(failed: Failed, gateway: GatewayName): Outcome {
  const { status, error } = failed;
  switch (status) {
    case 400:
    case 404:
    case 412:
    case 422:
      return toInvalidOutcome(failed, gateway);
    case 401:
      return toKeyOutcome(failed, gateway);
    case 402:
      return toBalanceOutcome(failed);
    case 403:
      return toForbiddenOutcome(failed, gateway);
    case 413: {
      const message = toReason(error, "The request is too large for the model");
      return { status, code: "INVALID_INPUT", message };
    }
    case 429:
      return toRateOutcome(failed);
    case 451:
      return toRefusalOutcome(findReasons(error) ?? toReason(error, "moderation"));
    case 408:
    case 504: {
      const message = "The AI provider took too long to answer";
      return { status: 504, code: "AI_UPSTREAM_UNAVAILABLE", message, retryable: true };
    }
    default: {
      const message = "The AI provider failed or could not be reached";
      const retryable = RETRYABLE.has(status);
      return { status: 502, code: "AI_UPSTREAM_UNAVAILABLE", message, retryable };
    }
  }
}

/** A 401 or 403 that is about a key: ours, or one that the gateway uses with a provider. */
function toKeyOutcome({ error, text }: Failed, { title }: GatewayName): Outcome {
  if (isPage(text)) return toEdgeOutcome(title);
  const message = isProvidersOwn(error)
    ? `The AI provider refused the key that ${title} uses`
    : `${title} refused this project's API key`;
  return { status: 502, code: "AI_INVALID_API_KEY", message };
}

/** Whether a provider behind OpenRouter made the error: OpenRouter itself had accepted our key. */
function isProvidersOwn({ metadata }: UpstreamError): boolean {
  return typeof metadata.provider_name === "string" && metadata.raw !== undefined;
}

function toEdgeOutcome(title: string): Outcome {
  const message = `The network edge in front of ${title} refused the request`;
  return { status: 502, code: "AI_UPSTREAM_UNAVAILABLE", message };
}

/** Whether a body is an HTML page, which comes from the network edge and not from the gateway. */
export function isPage(text = ""): boolean {
  return /^\s*</.test(text);
}

/** Whether a valid key has spent its limit: a 402, or a 403 that is not about the key itself. */
function isKeyCapped({ status, error }: Failed): boolean {
  if (status !== 402 && status !== 403) return false;
  const source = error.metadata.limit_source;
  return /\blimit exceeded\b/i.test(error.message ?? "") ||
    typeof source === "string" && source !== IN_FLIGHT &&
      /^openrouter_\w+_(limit|budget)$/.test(source);
}

function toBalanceOutcome(failed: Failed): Outcome {
  const isCapped = isKeyCapped(failed);
  const { limit_source, reason } = failed.error.metadata;
  const isInFlight = limit_source === IN_FLIGHT || reason === "in_flight_budget_exhausted";
  return {
    status: 402,
    code: "BILLING_INSUFFICIENT_BALANCE",
    message: isCapped
      ? "A limit of this project's API key is reached"
      : "The AI credits of this project do not cover the request",
    nextActions: 'Ask for less with a lower "max_tokens", or ask the operator of this app to ' +
      (isCapped ? "raise the limit" : "add credits"),
    retryable: isInFlight && "after a wait",
  };
}

function toForbiddenOutcome(failed: Failed, gateway: GatewayName): Outcome {
  const { error } = failed;
  const reasons = findReasons(error);
  if (reasons) return toRefusalOutcome(reasons);
  // With the app's own provider key at OpenRouter, a provider's 403 is about that key.
  return isProvidersOwn(error) && !error.metadata.is_byok
    ? toRefusalOutcome(toReason(error, "the provider refused it"))
    : toKeyOutcome(failed, gateway);
}

function toRefusalOutcome(reasons: string): Outcome {
  return {
    status: 403,
    code: "FORBIDDEN",
    message: `The request was refused: ${reasons}`,
    nextActions: "Change the request so that it no longer contains what was refused",
  };
}

function toInvalidOutcome({ status, error, text }: Failed, { title }: GatewayName): Outcome {
  if (status === 404 && isPage(text)) return toEdgeOutcome(title);
  const isImage = error.metadata.error_type === "image_not_found";
  const message = toReason(
    error,
    status !== 404
      ? `${title} refused the request as invalid`
      : isImage
      ? "An image of the request was not found"
      : "No model fits the request",
  );
  const isModel = status === 404
    ? !isImage
    : /\bmodel\b.*\b(not found|not exist|invalid)|not a valid model/i.test(message);
  return { status: 400, code: isModel ? "AI_INVALID_MODEL" : "INVALID_INPUT", message };
}

function toRateOutcome({ status, error }: Failed): Outcome {
  const isDaily = error.metadata.limit_source === "openrouter_free_tier_daily" ||
    /free-models-per-day/.test(error.message ?? "");
  if (!isDaily) {
    const message = "The AI provider's rate limit is reached";
    return { status, code: "RATE_LIMITED", message, retryable: true };
  }
  const message = "The daily limit of free model requests is reached";
  const nextActions = "Try again tomorrow, or choose a model that is not free";
  return { status, code: "RATE_LIMITED", message, nextActions };
}
