/**
 * The gateway of the benchmark. It sends constant bytes without latency, and implements only as much
 * HTTP as needed over plain sockets, because it shares the cores with the server under test.
 */
import { COMPLETION, EVENTS, ONE_WORD_MODEL } from "./canned.ts";
import { reportToParent } from "./parent.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const JSON_ANSWER = encoder.encode(
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
    `Content-Length: ${COMPLETION.length}\r\n\r\n${COMPLETION}`,
);
/** The head, a comment, the chunks, `[DONE]` and the end. */
const STREAM_CHUNKS = [
  encoder.encode(
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
  ),
  ...EVENTS.map(toChunk),
  encoder.encode("0\r\n\r\n"),
];

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
reportToParent(listener.addr.port);
for await (const connection of listener) serve(connection).catch(() => connection.close());

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay();
  const buffer = new Uint8Array(65_536);
  for (let held = 0;;) {
    const count = await connection.read(buffer.subarray(held));
    if (count === null) return connection.close();
    held += count;
    const request = decoder.decode(buffer.subarray(0, held));
    if (!isWhole(request)) continue;
    held = 0;
    if (request.includes(ONE_WORD_MODEL)) await answerOneWord(connection);
    else if (request.includes('"stream":true')) await write(connection, STREAM_CHUNKS);
    else await write(connection, [JSON_ANSWER]);
  }
}

/** Whether head and body have arrived. */
function isWhole(request: string): boolean {
  const bodyStart = request.indexOf("\r\n\r\n") + 4;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(request) ?? [];
  return bodyStart > 3 && request.length >= bodyStart + Number(length ?? 0);
}

async function answerOneWord(connection: Deno.TcpConn): Promise<void> {
  await write(connection, STREAM_CHUNKS.slice(0, 3));
  await new Promise((resolve) => setTimeout(resolve, 1));
  await write(connection, STREAM_CHUNKS.slice(-4));
}

/** Writes each piece by itself, so that the chunks are sent and read one by one. */
async function write(connection: Deno.TcpConn, pieces: Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    for (let sent = 0; sent < piece.length;) sent += await connection.write(piece.subarray(sent));
  }
}

function toChunk(text: string): Uint8Array {
  return encoder.encode(`${text.length.toString(16)}\r\n${text}\r\n`);
}
