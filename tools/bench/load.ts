/**
 * Generates load over plain sockets. Requests are prepared bytes, and responses are parsed only to find
 * their end. A full HTTP client would take so much of the cores that it hid the difference between
 * the servers.
 */

/** A load on a server: one request, repeated on each of some connections. */
export interface LoadOrder {
  /** Where the server listens; several processes take turns. */
  ports: number[];
  path: string;
  /** Further header lines, such as `X-Name: value`. */
  headers: string[];
  /** JSON, all ASCII. */
  body: string;
  /** The access tokens of the users; the connections take turns in using them. */
  tokens: string[];
  connections: number;
  /** For how long to begin further requests. 0 sends one request on each connection. */
  durationMs: number;
  /** When to give up, from the first request on. */
  deadlineMs: number;
}

/** The result of a load. */
export interface Load {
  /** Requests with a complete response of status 200. */
  responses: number;
  seconds: number;
  /** The median time from a request to the first byte of its response's body. */
  firstByteMs: number;
  /** The median time from a request to the end of its response, and the 99th percentile. */
  wholeMs: number;
  p99Ms: number;
}

/** The times of one exchange. */
interface Times {
  firstByteMs: number;
  wholeMs: number;
}

const END_OF_CHUNKS = "0\r\n\r\n";
const BUFFER_BYTES = 65_536;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Opens the connections, then repeats the request on each of them until the time is over. Responses in
 * flight are read to their end.
 *
 * @throws {Error} for a response with another status than 200, and when the responses are not complete
 *   by the deadline.
 */
export async function applyLoad(order: LoadOrder): Promise<Load> {
  const connections = await connect(order);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connections.close();
  }, order.deadlineMs);
  try {
    return await repeat(order, connections.list);
  } catch (error) {
    if (!isLate) throw error;
    throw new Error(`The responses were not complete within ${order.deadlineMs / 1_000} s`);
  } finally {
    clearTimeout(timer);
    if (!isLate) connections.close();
  }
}

async function repeat(order: LoadOrder, connections: Deno.TcpConn[]): Promise<Load> {
  const all: Times[] = [];
  const startedAt = performance.now();
  async function work(connection: Deno.TcpConn, index: number): Promise<void> {
    const request = toRequest(order, index);
    const buffer = new Uint8Array(BUFFER_BYTES);
    do all.push(await exchange(connection, request, buffer)); while (
      performance.now() - startedAt < order.durationMs
    );
  }
  await Promise.all(connections.map(work));
  const wholeMs = all.map(({ wholeMs }) => wholeMs).sort((a, b) => a - b);
  const firstByteMs = all.map(({ firstByteMs }) => firstByteMs).sort((a, b) => a - b);
  return {
    responses: all.length,
    seconds: (performance.now() - startedAt) / 1_000,
    firstByteMs: firstByteMs[firstByteMs.length >> 1] ?? NaN,
    wholeMs: wholeMs[wholeMs.length >> 1] ?? NaN,
    p99Ms: wholeMs[Math.floor(wholeMs.length * 0.99)] ?? NaN,
  };
}

/** Connections that are open. */
interface Connections {
  list: Deno.TcpConn[];
  close(): void;
}

/** Opens streams that wait for a next word that never comes; the caller closes them. */
export async function openStreams(order: LoadOrder): Promise<Connections> {
  const connections = await connect(order);
  await Promise.all(connections.list.map(async (connection, index) => {
    await send(connection, toRequest(order, index));
    await readHead(connection, new Uint8Array(BUFFER_BYTES));
  }));
  return connections;
}

async function connect({ ports, connections }: LoadOrder): Promise<Connections> {
  const list = await Promise.all(
    Array.from(
      { length: connections },
      (_, i) => Deno.connect({ hostname: "127.0.0.1", port: ports[i % ports.length]! }),
    ),
  );
  for (const connection of list) connection.setNoDelay();
  return {
    list,
    close: () => list.forEach((connection) => connection.close()),
  };
}

function toRequest({ path, headers, body, tokens }: LoadOrder, index: number): Uint8Array {
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    `Authorization: Bearer ${tokens[index % tokens.length]}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return encoder.encode(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Sends one request and reads the whole response. */
async function exchange(
  connection: Deno.TcpConn,
  request: Uint8Array,
  buffer: Uint8Array,
): Promise<Times> {
  const sentAt = performance.now();
  await send(connection, request);
  const { text, bodyStart } = await readHead(connection, buffer);
  const firstByteMs = performance.now() - sentAt;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(text) ?? [];
  if (length) {
    for (let left = bodyStart + Number(length) - text.length; left > 0;) {
      left -= await read(connection, buffer);
    }
  } else {
    for (let tail = text.slice(-5); tail !== END_OF_CHUNKS;) {
      const count = await read(connection, buffer);
      tail = (tail + decoder.decode(buffer.subarray(Math.max(0, count - 5), count))).slice(-5);
    }
  }
  return { firstByteMs, wholeMs: performance.now() - sentAt };
}

/** Reads the head of a response and the first bytes of its body. */
async function readHead(
  connection: Deno.TcpConn,
  buffer: Uint8Array,
): Promise<{ text: string; bodyStart: number }> {
  let held = 0;
  let text: string;
  let bodyStart: number;
  do {
    held += await read(connection, buffer.subarray(held));
    text = decoder.decode(buffer.subarray(0, held)); // all of it is ASCII
    bodyStart = text.indexOf("\r\n\r\n") + 4;
  } while (bodyStart < 4 || held === bodyStart);
  if (!text.startsWith("HTTP/1.1 200 ")) throw new Error(`Unexpected response: ${text}`);
  return { text, bodyStart };
}

async function send(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function read(connection: Deno.TcpConn, buffer: Uint8Array): Promise<number> {
  const count = await connection.read(buffer);
  if (count === null) throw new Error("The connection was closed before the response was complete");
  return count;
}
