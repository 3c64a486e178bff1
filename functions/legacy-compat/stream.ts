/** Starts a streamed chat in the form of the deprecated proxy. */
import type { ChatCompletionRequest } from "@insforge/shared-schemas";
import { ApiError } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import type { Call } from "../../shared/http/call.ts";
import type { ByteSource } from "../../shared/http/event_stream.ts";
import { requestStream } from "../../shared/openrouter/call.ts";
import { toLegacyFailure } from "./failures.ts";
import { legacyProtocol } from "./lenient.ts";
import { toChatParams } from "./params.ts";
import { toEvent } from "./events.ts";
import { LegacyStream } from "./stream_translation.ts";

/**
 * Starts a streamed chat. The deprecated proxy sent status 200 before it called the gateway, so every
 * failure of a call is an event: `{"error":true,"message":…}`, the last one, without
 * `{"done":true}`. Text and running usage come at once, tool calls and citations at the end.
 *
 * @throws {ApiError} for a request that is not allowed or above a limit, and for a missing setting
 *   or ledger; the gateway was not called for it.
 */
export async function startStream(
  call: Call,
  request: ChatCompletionRequest,
): Promise<ByteSource> {
  let params: Fields | undefined;
  try {
    params = toChatParams(request, call.settings);
    const operation = { path: "/chat/completions", params, protocol: legacyProtocol };
    return new LegacyStream(await requestStream(call, operation));
  } catch (thrown) {
    const failure = toLegacyFailure(thrown);
    if (!(failure instanceof ApiError) || params && isRefusal(thrown as ApiError)) throw failure;
    call.log.stream = (thrown as ApiError).code;
    return createErrorStream(failure.message);
  }
}

/**
 * Whether the request was rejected here: for what it asks, for a limit, or because a setting or the
 * ledger is missing. What the gateway rejected comes with its evidence.
 */
function isRefusal({ status, cause, code }: ApiError): boolean {
  if (code === "INTERNAL_ERROR" || code === "UPSTREAM_FAILURE") return true;
  return status < 500 && cause === undefined && code !== "REQUEST_CANCELLED";
}

function createErrorStream(message: string): ByteSource {
  const events = [toEvent({ error: true, message })];
  return { read: () => Promise.resolve(events.shift()), cancel: () => Promise.resolve() };
}
