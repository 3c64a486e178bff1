/** Reading a response's bytes, and waiting for turns of the event loop. */
import { assertEquals } from "@std/assert";
import { canGather, nextTurn, openSource } from "../../../shared/openrouter/stream_source.ts";

Deno.test("reads byte streams and other streams to their end", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const type = "bytes";
  const start = (controller: { enqueue(bytes: Uint8Array): void; close(): void }) => {
    controller.enqueue(bytes.slice());
    controller.close();
  };
  for (const body of [new ReadableStream({ type, start }), new ReadableStream({ start })]) {
    const source = openSource(body as ReadableStream<Uint8Array>);
    assertEquals((await source.read()).value, bytes);
    assertEquals((await source.read()).done, true);
  }
});

Deno.test("all who wait for the next turn share it", async () => {
  assertEquals(canGather, true);
  const turn = nextTurn();
  assertEquals(nextTurn(), turn);
  await turn;
  assertEquals(nextTurn() === turn, false);
  await nextTurn();
});
