/**
 * Load over plain sockets: whole requests are written as prepared bytes, and answers are read no
 * closer than it takes to find their end. A client of more comfort would share the cores with the
 * server under test and hide the difference that is to be seen.
 */

/** What came of a load. */
export interface Load {
  /** Requests answered in full, status 200. */
  answers: number;
  seconds: number;
  /** Milliseconds from each request to the first byte of its answer's body. */
  firstByteMs: number[];
}

/** What to ask, and whom. */
export interface RequestOptions {
  port: number;
  path: string;
  token: string;
  /** JSON. */
  body: string;
}

/** A request, ready to be sent any number of times. */
export interface PreparedRequest {
  port: number;
  bytes: Uint8Array;
}

const END_OF_CHUNKS = "0\r\n\r\n";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Prepares a JSON `POST`. */
export function createRequest({ port, path, token, body }: RequestOptions): PreparedRequest {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  return { port, bytes: encoder.encode(`${head.join("\r\n")}\r\n\r\n${body}`) };
}

/**
 * Sends a request over and over on each of `connections` connections until the time is over; what is
 * under way then is still read to its end.
 *
 * @throws {Error} on any answer but a 200.
 */
export async function applyLoad(
  { port, bytes }: PreparedRequest,
  { connections, durationMs }: { connections: number; durationMs: number },
): Promise<Load> {
  const firstByteMs: number[] = [];
  const startedAt = performance.now();
  async function work(): Promise<void> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    const buffer = new Uint8Array(65_536);
    while (performance.now() - startedAt < durationMs) {
      firstByteMs.push(await exchange(connection, bytes, buffer));
    }
  }
  await Promise.all(Array.from({ length: connections }, work));
  return {
    answers: firstByteMs.length,
    seconds: (performance.now() - startedAt) / 1_000,
    firstByteMs,
  };
}

/** One request and its whole answer; milliseconds to the first byte of the body. */
async function exchange(
  connection: Deno.TcpConn,
  request: Uint8Array,
  buffer: Uint8Array,
): Promise<number> {
  const sentAt = performance.now();
  for (let sent = 0; sent < request.length;) sent += await connection.write(request.subarray(sent));

  let held = 0;
  let answer: string;
  let bodyStart: number;
  do {
    held += await read(connection, buffer.subarray(held));
    answer = decoder.decode(buffer.subarray(0, held)); // all of it is ASCII
    bodyStart = answer.indexOf("\r\n\r\n") + 4;
  } while (bodyStart < 4 || held === bodyStart);
  const firstByteMs = performance.now() - sentAt;

  if (!answer.startsWith("HTTP/1.1 200 ")) throw new Error(`Unexpected answer: ${answer}`);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(answer) ?? [];
  if (length) {
    for (let left = bodyStart + Number(length) - held; left > 0;) {
      left -= await read(connection, buffer);
    }
  } else {
    for (let tail = answer.slice(-5); tail !== END_OF_CHUNKS;) {
      const count = await read(connection, buffer);
      tail = (tail + decoder.decode(buffer.subarray(Math.max(0, count - 5), count))).slice(-5);
    }
  }
  return firstByteMs;
}

async function read(connection: Deno.TcpConn, buffer: Uint8Array): Promise<number> {
  const count = await connection.read(buffer);
  if (count === null) throw new Error("The connection was closed before the answer was complete");
  return count;
}
