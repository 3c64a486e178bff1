/** Failures of a request that a user pays for with their own OpenRouter key. */
import { ApiError } from "../errors.ts";

/**
 * Rewords a failure about the key for its owner, who can mend it. For the project's key the same
 * failures are the operator's concern.
 *
 * @returns 403 `AI_INVALID_API_KEY` or 402 `BILLING_INSUFFICIENT_BALANCE` for a failure about the
 *   key or its balance, otherwise `failure` itself.
 */
export function toOwnKeyFailure<T>(failure: T): T | ApiError {
  if (!(failure instanceof ApiError)) return failure;
  switch (failure.code) {
    case "AI_INVALID_API_KEY":
      return new ApiError(
        403,
        failure.code,
        "OpenRouter no longer accepts the key of your connected account",
        { nextActions: "Connect your OpenRouter account again", cause: failure },
      );
    case "BILLING_INSUFFICIENT_BALANCE":
      return new ApiError(
        402,
        failure.code,
        "Your OpenRouter account, or the limit of its key, does not cover the request",
        {
          ...failure,
          nextActions: "Add credits to your account, raise the key's limit, or ask for less",
          cause: failure,
        },
      );
    default:
      return failure;
  }
}
