/**
 * The gateway of the benchmark. It sends constant bytes without latency, and implements only as much
 * HTTP as needed over plain sockets, because it shares the cores with the server under test.
 */
import { CATALOGUE, createCompletion, EMBEDDINGS, EVENTS, MODELS, PACE_MS } from "./canned.ts";
import { reportToParent } from "./parent.ts";

/** How long after the first word of the model `oneWord` the rest follows. */
const REST_AFTER_MS = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const COMPLETION = toJsonResponse(createCompletion(MODELS.fast));
const LARGE_COMPLETION = toJsonResponse(createCompletion(MODELS.large));
/** The responses to paths that have nothing to do with a model. */
const BY_PATH = [
  ["/models", toJsonResponse(CATALOGUE)],
  ["/embeddings", toJsonResponse(EMBEDDINGS)],
] as const;
/** The head, a comment, the chunks, `[DONE]` and the end. */
const STREAM = [
  encoder.encode(
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
  ),
  ...EVENTS.map(toChunk),
  encoder.encode("0\r\n\r\n"),
];
/** The head, the comment and the first word. */
const FIRST_WORD = STREAM.slice(0, 3);
/** What follows when the words between are left out. */
const LAST_EVENTS = STREAM.slice(-4);

/** A stream that is written at its pace. */
interface PacedStream {
  connection: Deno.TcpConn;
  /** How many pieces are to be written by now, and how many have been. */
  due: number;
  written: number;
  isBusy: boolean;
}

/** Streams whose next chunk is due in the same millisecond of each {@link PACE_MS}. */
const paced = Array.from({ length: PACE_MS }, () => new Set<PacedStream>());
/** The milliseconds for which chunks have been sent. Timers fire late, so the clock counts. */
let tick = Math.floor(performance.now());
setInterval(() => {
  for (const now = Math.floor(performance.now()); tick < now; tick++) {
    for (const stream of paced[tick % PACE_MS]!) sendNext(stream);
  }
}, 1);

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
reportToParent(listener.addr.port);
for await (const connection of listener) serve(connection).catch(() => connection.close());

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay();
  const buffer = new Uint8Array(131_072);
  for (let held = 0;;) {
    const count = await connection.read(buffer.subarray(held));
    if (count === null) return connection.close();
    held += count;
    const request = decoder.decode(buffer.subarray(0, held));
    if (!isWhole(request)) continue;
    held = 0;
    await respond(connection, request);
  }
}

/** Whether head and body have arrived. */
function isWhole(request: string): boolean {
  const bodyStart = request.indexOf("\r\n\r\n") + 4;
  if (bodyStart < 4) return false;
  const head = request.slice(0, bodyStart);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length) return request.length >= bodyStart + Number(length);
  return !/\r\ntransfer-encoding:/i.test(head) || request.endsWith("0\r\n\r\n");
}

async function respond(connection: Deno.TcpConn, request: string): Promise<void> {
  const [, path = ""] = /^\w+ ([^ ?]*)/.exec(request) ?? [];
  const [, canned] = BY_PATH.find(([end]) => path.endsWith(end)) ?? [];
  if (canned) return await write(connection, [canned]);
  if (!/"stream": ?true/.test(request)) {
    const isLarge = request.includes(`"${MODELS.large}"`);
    return await write(connection, [isLarge ? LARGE_COMPLETION : COMPLETION]);
  }
  if (request.includes(`"${MODELS.paced}"`)) return await writePaced(connection);
  const isOneWord = request.includes(`"${MODELS.oneWord}"`);
  const isIdle = request.includes(`"${MODELS.idle}"`);
  if (!isOneWord && !isIdle) return await write(connection, STREAM);
  await write(connection, FIRST_WORD);
  if (isIdle) return;
  await new Promise((resolve) => setTimeout(resolve, REST_AFTER_MS));
  await write(connection, LAST_EVENTS);
}

/** Writes the first word at once, and a chunk every {@link PACE_MS} from then on. */
async function writePaced(connection: Deno.TcpConn): Promise<void> {
  await write(connection, FIRST_WORD);
  const { length } = FIRST_WORD;
  paced[tick % PACE_MS]!.add({ connection, due: length, written: length, isBusy: false });
}

function sendNext(stream: PacedStream): void {
  // `[DONE]` and the end go together.
  stream.due = stream.due === STREAM.length - 2 ? STREAM.length : stream.due + 1;
  const streams = paced[tick % PACE_MS]!;
  if (stream.due === STREAM.length) streams.delete(stream);
  catchUp(stream).catch(() => streams.delete(stream));
}

async function catchUp(stream: PacedStream): Promise<void> {
  if (stream.isBusy) return;
  stream.isBusy = true;
  while (stream.written < stream.due) {
    await write(stream.connection, [STREAM[stream.written++]!]);
  }
  stream.isBusy = false;
}

/** Writes each piece by itself, so that the chunks are sent and read one by one. */
async function write(connection: Deno.TcpConn, pieces: Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    for (let sent = 0; sent < piece.length;) sent += await connection.write(piece.subarray(sent));
  }
}

function toJsonResponse(body: string): Uint8Array {
  return encoder.encode(
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
}

function toChunk(text: string): Uint8Array {
  return encoder.encode(`${text.length.toString(16)}\r\n${text}\r\n`);
}
