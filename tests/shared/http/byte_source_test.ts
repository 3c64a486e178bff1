import { assertEquals, assertRejects } from "@std/assert";
import { type ByteSource, toByteStream } from "../../../shared/http/byte_source.ts";

const encoder = new TextEncoder();

/** A source of the given pieces, and a record of what happened to it and to its stream. */
function createSource(pieces: string[]) {
  const happened: string[] = [];
  const source: ByteSource = {
    read() {
      const piece = pieces.shift();
      happened.push(`read ${piece}`);
      return Promise.resolve(piece === undefined ? undefined : encoder.encode(piece));
    },
    cancel() {
      happened.push("cancel");
      return Promise.resolve();
    },
  };
  const events = {
    onBytes: () => void happened.push("bytes"),
    onEnd: () => Promise.resolve(void happened.push("end")),
    onBug: () => void happened.push("bug"),
  };
  return { source, events, happened };
}

Deno.test("toByteStream delivers all pieces, then reports the end once and closes", async () => {
  const { source, events, happened } = createSource(["a", "", "b"]);
  assertEquals(await new Response(toByteStream(source, events)).text(), "ab");
  assertEquals(happened, ["read a", "bytes", "read ", "read b", "bytes", "read undefined", "end"]);
});

Deno.test("toByteStream closes when the end has been handled, not before", async () => {
  const { source, events } = createSource(["a"]);
  const gate = Promise.withResolvers<void>();
  const stream = toByteStream(source, { ...events, onEnd: () => gate.promise });
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, encoder.encode("a"));
  let isClosed = false;
  const closed = reader.read().then(({ done }) => isClosed = done);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(isClosed, false);
  gate.resolve();
  await closed;
  assertEquals(isClosed, true);
});

Deno.test("toByteStream reads nothing before the stream is read", async () => {
  const { source, events, happened } = createSource(["a"]);
  const stream = toByteStream(source, events);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(happened, []);
  await stream.cancel();
});

Deno.test("toByteStream releases the source and reports the end when the stream is cancelled", async () => {
  const { source, events, happened } = createSource(["a", "b"]);
  const reader = toByteStream(source, events).getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(happened, ["read a", "bytes", "cancel", "end"]);
});

Deno.test("toByteStream cuts the stream and reports a bug when the source rejects", async () => {
  const { source, events, happened } = createSource([]);
  source.read = () => Promise.reject(new Error("broken promise"));
  await assertRejects(() => new Response(toByteStream(source, events)).text(), Error, "broken");
  assertEquals(happened, ["bug", "end"]);
});
