/** The error classes of the `openai` package, which packages built on it use, too. */
import OpenAI from "openai";
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import type { Failure } from "./failures.ts";

/** The class by status; all other statuses are {@link OpenAI.APIError}. */
// deno-lint-ignore no-explicit-any
const CLASSES: Record<number, abstract new (...args: any[]) => Error> = {
  400: OpenAI.BadRequestError,
  403: OpenAI.PermissionDeniedError,
  429: OpenAI.RateLimitError,
  502: OpenAI.InternalServerError,
  504: OpenAI.InternalServerError,
};

/**
 * Asserts that `error` is of the class, and has the status, code and message of `failure`. OpenAI's
 * SDK has our code in the error's metadata; `code` is the status as a number.
 */
export function assertOpenAIError(error: unknown, failure: Failure): void {
  assertInstanceOf(error, OpenAI.APIError);
  assertInstanceOf(error, CLASSES[failure.status] ?? OpenAI.APIError);
  assertEquals([error.status ?? 0, toErrorCode(error)], [failure.status, failure.code]);
  assertMatch(error.message, failure.message);
}

/** Our code in an error of OpenAI's SDK. */
export function toErrorCode({ error }: InstanceType<typeof OpenAI.APIError>): string {
  return (error as { metadata: { error_code: string } }).metadata.error_code;
}
