/** Sends a `Response` through a response of `node:http`. */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { clearImmediate, setImmediate } from "node:timers";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

const JSON_TYPE = "application/json";

/**
 * Sends a response, its chunks as they come.
 *
 * @returns once the body stream is closed. When the caller closes the connection, the stream is
 *   cancelled first.
 * @throws what the body stream fails with; the connection is then still open.
 */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, headers } = response;
  // `response.body` would turn the body into a stream, which is slower to read.
  if (headers.get("Content-Type") === JSON_TYPE && !headers.has("Content-Length")) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    headers.set("Content-Length", String(bytes.byteLength));
    outgoing.writeHead(status, toNodeHeaders(headers)).end(bytes);
    return;
  }
  const { body } = response;
  outgoing.writeHead(status, toNodeHeaders(headers));
  if (!body) return void outgoing.end();
  await pipeBody(body.getReader(), outgoing, Number(headers.get("Content-Length") ?? NaN));
  if (!outgoing.writableEnded) outgoing.end();
}

/**
 * Writes a body and reads it to its end. The response ends with the last of its `length` bytes, so that
 * the connection is free for the next request while the stream stays open until usage is recorded.
 */
async function pipeBody(reader: Reader, outgoing: ServerResponse, length: number): Promise<void> {
  const closed = Promise.withResolvers<void>();
  let cancelled: Promise<void> | undefined;
  outgoing.once("close", () => {
    cancelled = reader.cancel().catch(() => {});
    closed.resolve();
  });
  if (outgoing.destroyed) return await reader.cancel();
  let read = await readFirst(reader, outgoing);
  let written = 0;
  for (; !read.done; read = await reader.read()) {
    written += read.value.byteLength;
    if (written === length) {
      outgoing.end(read.value);
      continue;
    }
    if (outgoing.write(read.value)) continue;
    const drained = Promise.withResolvers<void>();
    outgoing.once("drain", drained.resolve);
    await Promise.race([drained.promise, closed.promise]);
  }
  await cancelled;
}

/** Reads the first chunk. When it takes a while, the headers are sent before it, else with it. */
async function readFirst(reader: Reader, outgoing: ServerResponse) {
  const late = setImmediate(() => outgoing.flushHeaders());
  try {
    return await reader.read();
  } finally {
    clearImmediate(late);
  }
}

/** Headers as Node takes them: several `Set-Cookie` stay apart. */
function toNodeHeaders(headers: Headers): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) fields["set-cookie"] = cookies;
  return fields;
}
