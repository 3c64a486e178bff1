/** The load generator of the benchmark, against a server that writes bytes as given. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { applyLoad, type LoadOrder, openStreams } from "../../tools/bench/load.ts";

const DEADLINE_MS = 5_000;
const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n";
const LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n0\r\n\r\nhi";

/** A server that responds to each request with these pieces, each written by itself. */
class ByteServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: Deno.TcpConn[] = [];
  readonly #done: Promise<void>;
  /** The requests as they came. */
  readonly requests: string[] = [];
  readonly port = this.#listener.addr.port;

  constructor(pieces: string[]) {
    this.#done = this.#accept(pieces);
  }

  async #accept(pieces: string[]): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.push(connection);
      serving.push(this.#serve(connection, pieces).catch(() => {})); // closed by the client
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.TcpConn, pieces: string[]): Promise<void> {
    connection.setNoDelay();
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return;
      this.requests.push(new TextDecoder().decode(buffer.subarray(0, count)));
      for (const piece of pieces) await connection.write(new TextEncoder().encode(piece));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#done;
  }
}

Deno.test("sends the request once on each connection when the duration is 0", async () => {
  await using server = new ByteServer([LENGTH]);
  const order = createOrder(server, { connections: 3, tokens: ["a", "b"] });
  const { responses, wholeMs } = await applyLoad(order);
  assertEquals(responses, 3);
  assert(wholeMs > 0);
  assertEquals(server.requests.length, 3);
  const [first] = server.requests;
  assert(first!.startsWith("POST /chat HTTP/1.1\r\n"), first);
  assert(first!.includes("\r\nContent-Length: 2\r\nX-Name: value\r\n\r\n{}"), first);
  const users = server.requests.map((text) => /Bearer (\w)/.exec(text)?.[1]).sort();
  assertEquals(users, ["a", "a", "b"]);
});

Deno.test("finds the end of a response wherever its bytes are cut", async () => {
  for (const response of [CHUNKED, LENGTH]) {
    for (let cut = 1; cut < response.length; cut++) {
      await using server = new ByteServer([response.slice(0, cut), response.slice(cut)]);
      const { responses } = await applyLoad(createOrder(server));
      assertEquals(responses, 1, `cut at ${cut}`);
    }
  }
});

Deno.test("lets the connections take turns in using the servers", async () => {
  await using first = new ByteServer([LENGTH]);
  await using second = new ByteServer([LENGTH]);
  const ports = [first.port, second.port];
  await applyLoad({ ...createOrder(first, { connections: 4 }), ports });
  assertEquals([first.requests.length, second.requests.length], [2, 2]);
});

Deno.test("throws for another status than 200, with the response", async () => {
  await using server = new ByteServer(["HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\n{}"]);
  await assertRejects(() => applyLoad(createOrder(server)), Error, "502 Bad Gateway");
});

Deno.test("gives up when the responses are not complete by the deadline", async () => {
  await using server = new ByteServer([CHUNKED.slice(0, -5)]);
  const order = createOrder(server, { deadlineMs: 50 });
  await assertRejects(() => applyLoad(order), Error, "not complete within 0.05 s");
});

Deno.test("keeps streams open after their first bytes until they are closed", async () => {
  await using server = new ByteServer([CHUNKED.slice(0, -5)]);
  const streams = await openStreams(createOrder(server, { connections: 2 }));
  assertEquals(server.requests.length, 2);
  streams.close();
});

function createOrder({ port }: ByteServer, values: Partial<LoadOrder> = {}): LoadOrder {
  return {
    ...{ ports: [port], path: "/chat", headers: ["X-Name: value"], body: "{}", tokens: ["token"] },
    ...{ connections: 1, durationMs: 0, deadlineMs: DEADLINE_MS },
    ...values,
  };
}
