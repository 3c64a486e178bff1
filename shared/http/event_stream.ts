/** Responses that are streams: of events (`text/event-stream`), of plain text, or of a file. */
import type { ByteSource } from "./byte_source.ts";
import type { ActiveCall, Call } from "./call.ts";
import { EVENT_STREAM_HEADERS } from "./sse.ts";

export type { ByteSource } from "./byte_source.ts";

/**
 * Creates the SSE response that delivers `source`. The call ends, with its tasks and its log line,
 * after the last byte or when the caller closes the connection.
 *
 * @param call the call that this response belongs to.
 * @param source whole events, already encoded.
 * @returns a response with status 200 and the headers that keep proxies from buffering it.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function eventStream(call: Call, source: ByteSource): Response {
  // Every call that a handler meets was made by `createApp`.
  const body = (call as ActiveCall).openStream(source);
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}

/**
 * Creates the response that delivers `source` as plain text. A source that rejects breaks the
 * connection, because plain text has no form for an error.
 *
 * @param call the call that this response belongs to; it ends as with {@link eventStream}.
 * @param source text in UTF-8.
 * @returns a response with status 200 and the headers that keep proxies from buffering it.
 */
export function textStream(call: Call, source: ByteSource): Response {
  const body = (call as ActiveCall).openStream(source);
  return new Response(body, {
    headers: { ...EVENT_STREAM_HEADERS, "Content-Type": "text/plain; charset=utf-8" },
  });
}

/**
 * Creates the response that delivers `source` as a file, of which no more than one piece is held at a
 * time. A source that rejects breaks the connection.
 *
 * @param call the call that this response belongs to; it ends as with {@link eventStream}.
 * @param source the bytes of the file.
 * @param headers say what the file is, such as `Content-Type` and `Content-Length`.
 * @returns a response with status 200.
 */
export function fileStream(call: Call, source: ByteSource, headers: Headers): Response {
  return new Response((call as ActiveCall).openStream(source), { headers });
}
