/**
 * Generates load over plain sockets. Requests are prepared bytes, and responses are parsed only to find
 * their end. A full HTTP client would take so much of the cores that it hid the difference between
 * the servers.
 */

/** The result of a load. */
export interface Load {
  /** Requests with a complete response of status 200. */
  answers: number;
  seconds: number;
  /** For each request, the milliseconds to the first byte of the response's body. */
  firstByteMs: number[];
}

/** A request, and the server to send it to. */
export interface RequestOptions {
  port: number;
  path: string;
  token: string;
  /** JSON. */
  body: string;
}

/** A request as bytes, to be sent any number of times. */
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
 * Repeats a request on each of `connections` connections until the time is over. Responses in flight
 * are then read to their end.
 *
 * @throws {Error} for a response with another status than 200.
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

/** Sends one request and reads the response; returns the milliseconds to the first byte of its body. */
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

  if (!answer.startsWith("HTTP/1.1 200 ")) throw new Error(`Unexpected response: ${answer}`);
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
  if (count === null) throw new Error("The connection was closed before the response was complete");
  return count;
}
