/**
 * The gateway's responses as the deprecated proxy read them: through OpenAI's SDK, which treats
 * every status below 300 as a success. Apps were built on that, and 313 recorded calls
 * show it.
 */
import type { ApiError } from "../../shared/errors.ts";
import type { Call } from "../../shared/http/call.ts";
import { type Operation, requestJson } from "../../shared/openrouter/call.ts";
import { fetchJson } from "../../shared/openrouter/json_responses.ts";
import { chatProtocol, readChunk } from "../../shared/openrouter/chat_protocol.ts";
import type { Protocol } from "../../shared/openrouter/protocol.ts";
import { toStreamError } from "./failures.ts";

/**
 * Requests JSON. An error inside a response with a status below 300 is retried like any other; if
 * it stays, the response is returned for the caller to read, and its code is logged.
 *
 * @param operation what to post, or a path to fetch.
 * @returns a JSON value, text when the response is not JSON, null when it is empty.
 * @throws {ApiError} for failures by status, and when no response comes.
 */
export async function requestLenient(call: Call, operation: Operation | string): Promise<unknown> {
  let rejected: { response: unknown; error: ApiError } | undefined;
  const judge = (response: unknown, error: ApiError | undefined) => {
    if (!error) return;
    rejected = { response, error };
    throw error;
  };
  try {
    return await (typeof operation === "string"
      ? fetchJson(call, operation, judge)
      : requestJson(call, operation, judge));
  } catch (failure) {
    const isRejected = rejected && [failure, (failure as Error).cause].includes(rejected.error);
    if (!rejected || !isRejected) throw failure;
    call.log.failure = rejected.error.code;
    return rejected.response;
  }
}

/**
 * Chat completions whose stream is always accepted: an error inside a choice, a stream without
 * output and a stream that closes early do not count as failures.
 */
export const legacyProtocol: Protocol = {
  ...chatProtocol,
  createReader: () => ({
    ...chatProtocol.createReader(),
    read: (chunk) => ({
      ...readChunk(chunk),
      reports: { error: chunk.error },
      hasOutput: true,
    }),
    toErrorEvent: (error) => JSON.stringify({ error: true, message: toStreamError(error) }),
  }),
  isLenient: true,
};
