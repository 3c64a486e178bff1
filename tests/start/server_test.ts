/** The HTTP server of `deno task start` and `deno task serve`, over connections written by hand. */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { describeListenFailure, type Handler, startServer } from "../../tools/start/server.ts";
import { openConnection } from "../support/connection.ts";

const HERE = { hostname: "127.0.0.1", port: 0, graceMs: 50 };
const TIMEOUT = { timeout: 30_000 };

Deno.test("closes connections without a running response when it stops", TIMEOUT, async () => {
  const server = await startServer(async (request) => new Response(await request.text()), HERE);
  using silent = await openConnection(server.url);
  using halfHead = await openConnection(server.url, "POST / HTTP/1.1\r\nHos");
  using halfBody = await openConnection(server.url, post("/", "abc", 100));
  using idle = await openConnection(server.url, post("/", "abc"));
  assertMatch(await idle.readUntil("abc"), /^HTTP\/1\.1 200 /);
  await server.stop();
  for (const connection of [silent, halfHead, halfBody, idle]) {
    assertEquals(await connection.readToEnd(), "");
  }
});

Deno.test(
  "lets a running response end when it stops, then closes its connection",
  TIMEOUT,
  async () => {
    const release = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const server = await startServer(async (request) => {
      await request.text();
      called.resolve();
      await release.promise;
      return new Response("the whole response");
    }, HERE);
    using connection = await openConnection(server.url, post("/", "abc"));
    await called.promise;
    const stopping = server.stop();
    using halfBody = await openConnection(server.url).catch(() => undefined);
    assertEquals(halfBody, undefined);
    release.resolve();
    const text = await connection.readToEnd();
    assertMatch(text, /the whole response/);
    assertMatch(text, /connection: close/i);
    await stopping;
  },
);

Deno.test(
  "frees the connection once all bytes are sent, and waits for the open body when it stops",
  TIMEOUT,
  async () => {
    const recorded = Promise.withResolvers<void>();
    let isRecorded = false;
    const server = await startServer(async (request) => {
      await request.text();
      let pulls = 0;
      const body = new ReadableStream({
        type: "bytes",
        async pull(controller) {
          if (pulls++ === 0) return controller.enqueue(new TextEncoder().encode("abc"));
          await recorded.promise;
          isRecorded = true;
          controller.close();
          controller.byobRequest?.respond(0);
        },
        cancel: () => recorded.promise.then(() => void (isRecorded = true)),
      });
      return new Response(body, { headers: { "Content-Length": "3" } });
    }, HERE);
    using connection = await openConnection(server.url, post("/", "1"));
    assertMatch(await connection.readUntil("abc"), /^HTTP\/1\.1 200 /);
    await connection.write(post("/", "2"));
    assertMatch(await connection.readUntil("abc"), /^HTTP\/1\.1 200 /);
    assertEquals(isRecorded, false);
    const stopped = server.stop().then(() => assertEquals(isRecorded, true));
    recorded.resolve();
    await stopped;
  },
);

Deno.test(
  "lets a stream end when it stops, even when it lasts longer than the grace",
  TIMEOUT,
  async () => {
    const server = await startServer(async (request) => {
      await request.text();
      return new Response(createTicks(10, 20));
    }, HERE);
    using connection = await openConnection(server.url, post("/", "abc"));
    await connection.readUntil("tick 1");
    await server.stop();
    assertStringIncludes(await connection.readToEnd(), "tick 10");
  },
);

Deno.test(
  "closes the connection of a caller that reads nothing more when it stops",
  TIMEOUT,
  async () => {
    const full = Promise.withResolvers<void>();
    const server = await startServer(() =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            // Nothing more is asked for once all buffers on the way are full.
            clearTimeout(timer);
            timer = setTimeout(full.resolve, 100);
            controller.enqueue(new Uint8Array(65_536));
          },
          cancel: () => clearTimeout(timer),
        }),
      ), HERE);
    let timer = setTimeout(full.resolve, 20_000);
    using _connection = await openConnection(server.url, post("/", "abc"));
    await full.promise;
    await server.stop();
  },
);

Deno.test("waits for a call whose connection was closed when it stops", TIMEOUT, async () => {
  const called = Promise.withResolvers<void>();
  let recorded = false;
  const server = await startServer(async ({ signal }) => {
    called.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
    recorded = true;
    return new Response();
  }, { ...HERE, graceMs: 10_000 });
  const connection = await openConnection(server.url, post("/", ""));
  await called.promise;
  connection[Symbol.dispose]();
  await server.stop();
  assertEquals(recorded, true);
});

Deno.test(
  "aborts request.signal when the caller closes the connection, whatever the size of its request",
  {
    timeout: 60_000,
  },
  async () => {
    for (const size of [0, 100, 2_000, 70_000, 1_000_000]) {
      for (const inOnePiece of [true, false]) {
        const called = Promise.withResolvers<number>();
        const left = Promise.withResolvers<void>();
        await using server = await serve(async (request) => {
          const { signal } = request;
          signal.addEventListener("abort", () => left.resolve());
          called.resolve((await request.text()).length);
          await left.promise;
          return new Response();
        });
        const [head, body] = [post("/", "", size), "a".repeat(size)];
        const connection = await openConnection(server.url, inOnePiece ? head + body : head);
        if (!inOnePiece) await connection.write(body);
        assertEquals(await called.promise, size);
        connection[Symbol.dispose]();
        await left.promise;
      }
    }
  },
);

Deno.test(
  "cancels the body when the caller closes the connection in the middle of it",
  TIMEOUT,
  async () => {
    const cancelled = Promise.withResolvers<void>();
    await using server = await serve(() =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
          cancel: () => cancelled.resolve(),
        }),
      )
    );
    const connection = await openConnection(server.url, post("/", "abc"));
    await connection.readUntil("first");
    connection[Symbol.dispose]();
    await cancelled.promise;
  },
);

Deno.test(
  "a body that fails in the middle ends the connection without a proper end",
  TIMEOUT,
  async () => {
    await using server = await serve(() =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
          pull: () => Promise.reject(new Error("broken")),
        }),
      )
    );
    await assertRejects(async () => await (await fetch(server.url)).text(), TypeError);
  },
);

Deno.test(
  "delivers a body with Content-Length before the body stream is closed",
  TIMEOUT,
  async () => {
    const settled = Promise.withResolvers<void>();
    let closed = false;
    await using server = await serve(() =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new TextEncoder().encode("whole"));
            await settled.promise;
            controller.close();
            closed = true;
          },
        }),
        { headers: { "Content-Length": "5" } },
      )
    );
    assertEquals(await (await fetch(server.url)).text(), "whole");
    assertEquals(closed, false);
    settled.resolve();
  },
);

Deno.test("describes why it cannot listen by the setting to change", TIMEOUT, async () => {
  await using server = await serve(() => new Response());
  const taken = { hostname: "127.0.0.1", port: Number(new URL(server.url).port) };
  const failure = await startServer(() => new Response(), taken).catch((error) => error);
  assertEquals(
    describeListenFailure(failure, taken, "PORT").message,
    `Port ${taken.port} is in use; set PORT to a free one`,
  );
});

async function serve(handler: Handler) {
  const server = await startServer(handler, HERE);
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

function post(path: string, body: string, length = body.length): string {
  return `POST ${path} HTTP/1.1\r\nHost: server.test\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

function createTicks(count: number, pauseMs: number): ReadableStream<Uint8Array> {
  let tick = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      controller.enqueue(new TextEncoder().encode(`tick ${++tick}\n`));
      if (tick === count) controller.close();
    },
  });
}
