/** Converts errors to those of the deprecated proxy. */
import type { Call } from "../../shared/http/call.ts";
import { ApiError, type ErrorCode, toErrorBody } from "../../shared/errors.ts";
import type { Evidence } from "../../shared/gateway/failures.ts";
import { redact, toExcerpt } from "../../shared/gateway/redaction.ts";
import { isNetworkFailure } from "../../shared/openrouter/send.ts";
import { findSdkReason } from "./sdk_reason.ts";

/** The error body of the deprecated proxy, with `nextActions` only where that had them. */
export function toLegacyErrorBody(error: ApiError): Record<string, unknown> {
  return { ...toErrorBody(error), nextActions: error.nextActions };
}

/** Wraps a handler so that its errors pass {@link toLegacyFailure}; the log keeps the real code. */
export function withLegacyFailures(
  work: (call: Call) => Promise<Response>,
): (call: Call) => Promise<Response> {
  return async (call) => {
    try {
      return await work(call);
    } catch (thrown) {
      const failure = toLegacyFailure(thrown);
      if (thrown instanceof ApiError && thrown.code !== (failure as ApiError).code) {
        call.log.failure = thrown.code;
      }
      throw failure;
    }
  };
}

/**
 * Converts a failure to the code, message and status of the deprecated proxy, which its clients
 * read.
 *
 * A failed response of OpenRouter keeps its status, and the message that OpenAI's SDK makes of it,
 * without credentials; 401 and 403 are both 401 `AI_INVALID_API_KEY`. `Retry-After` and other
 * headers stay. Errors that the deprecated proxy did not have, such as our deadline, stay as they
 * are.
 *
 * @param thrown what an operation threw; anything but an `ApiError` is returned unchanged.
 */
export function toLegacyFailure(thrown: unknown): unknown {
  if (!(thrown instanceof ApiError)) return thrown;
  const { status, text, error } = (thrown.cause ?? {}) as Partial<Evidence>;
  if (status !== undefined && text !== undefined) return toUpstreamFailure(thrown, status, text);
  if (status !== undefined && error) return toStreamFailure(thrown);
  switch (thrown.code) {
    case "AUTH_INVALID_CREDENTIALS":
      return reword(thrown, {
        nextActions: "Check the token is valid or login to get a new token.",
      });
    case "AUTH_UNAUTHORIZED":
      return thrown.status === 401 ? reword(thrown, {}) : thrown;
    case "AI_UPSTREAM_UNAVAILABLE":
      return thrown.status === 502 && isNetworkFailure(thrown)
        ? reword(thrown, { message: "Connection error." })
        : thrown;
    default:
      return thrown;
  }
}

function toUpstreamFailure(failure: ApiError, status: number, text: string): ApiError {
  switch (status) {
    case 401:
    case 403:
      return reword(failure, {
        status: 401,
        code: "AI_INVALID_API_KEY",
        message: "AI provider authentication failed. Check your API key configuration.",
        nextActions: "Set a valid OPENROUTER_API_KEY or update Model Gateway settings.",
      });
    case 402:
      return reword(failure, {
        message: "AI credit limit reached.",
        nextActions: "Add credits to your OpenRouter account.",
      });
    case 429:
      return reword(failure, {
        message: "AI provider rate limit exceeded. Please wait before retrying.",
        nextActions: "Wait a moment and retry, or check your API key rate limits.",
      });
    default:
      return reword(failure, {
        status: status >= 400 && status < 600 ? status : 502,
        code: "AI_UPSTREAM_UNAVAILABLE",
        message: toExcerpt(redact(`${status} ${findSdkReason(text) ?? "status code (no body)"}`)),
      });
  }
}

/** An error that was the first event of a stream; all other errors have a status. */
function toStreamFailure(failure: ApiError): ApiError {
  const message = toStreamError(failure);
  return reword(failure, { status: 500, code: "AI_UPSTREAM_UNAVAILABLE", message });
}

/**
 * The message of a failure in a stream: the gateway's own message without credentials, if there is
 * one.
 */
export function toStreamError(failure: ApiError): string {
  const { error } = (failure.cause ?? {}) as Partial<Evidence>;
  return toExcerpt(redact(`Failed to stream response: ${error?.message ?? failure.message}`));
}

interface Wording {
  status?: number;
  code?: ErrorCode;
  message?: string;
  nextActions?: string;
}

function reword(failure: ApiError, wording: Wording): ApiError {
  const { status = failure.status, code = failure.code, message = failure.message } = wording;
  return new ApiError(status, code, message, { ...failure, nextActions: wording.nextActions });
}
