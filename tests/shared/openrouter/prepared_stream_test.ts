/** Streams that begin while their preparation is in flight. */
import { assertEquals, assertRejects } from "@std/assert";
import { ApiError, invalidInput } from "../../../shared/errors.ts";
import { ActiveCall } from "../../../shared/http/call.ts";
import type { ByteSource } from "../../../shared/http/byte_source.ts";
import {
  openPreparedStream,
  type Preparation,
} from "../../../shared/openrouter/prepared_stream.ts";
import { createEnvironment } from "../../support/caller.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function open(prepare: (preparation: Preparation) => Promise<ByteSource>) {
  const call = new ActiveCall("probe", new Request("http://a.test/"), {
    environment: createEnvironment(),
  });
  return { call, opened: openPreparedStream(call, prepare) };
}

function createStream(...pieces: string[]): ByteSource & { cancelled: boolean } {
  return {
    cancelled: false,
    read: () => Promise.resolve(pieces.length ? encoder.encode(pieces.shift()) : undefined),
    cancel() {
      this.cancelled = true;
      return Promise.resolve();
    },
  };
}

const read = async (source: ByteSource) => decoder.decode(await source.read());

Deno.test("delivers the first event before the preparation ends, then the others and the stream", async () => {
  const gate = Promise.withResolvers<void>();
  const { opened } = open(async ({ report }) => {
    report({ n: 1 });
    await gate.promise;
    report({ n: 2 });
    report({ n: 3 });
    return createStream("rest");
  });
  const source = await opened;
  assertEquals(await read(source), 'data: {"n":1}\n\n');
  gate.resolve();
  let text = "";
  for (let bytes; (bytes = await source.read());) text += decoder.decode(bytes);
  assertEquals(text, 'data: {"n":2}\n\ndata: {"n":3}\n\nrest');
});

Deno.test("rejects with the failure of a preparation that reported nothing", async () => {
  const { opened } = open(() => Promise.reject(invalidInput("no")));
  const error = await assertRejects(() => opened, ApiError);
  assertEquals(error.message, "no");
});

Deno.test("ends with an error event when the preparation fails later, and logs the code", async () => {
  const { call, opened } = open(({ report }) => {
    report({ n: 1 });
    return Promise.reject(invalidInput("no"));
  });
  const source = await opened;
  assertEquals(await read(source), 'data: {"n":1}\n\n');
  assertEquals(await read(source), 'data: {"error":{"code":"INVALID_INPUT","message":"no"}}\n\n');
  assertEquals(await source.read(), undefined);
  assertEquals([call.log.stream, call.log.error], ["INVALID_INPUT", "INVALID_INPUT"]);
});

Deno.test("aborts the preparation and waits for its end when the connection is closed", async () => {
  let ended = false;
  const { opened } = open(({ report, signal }) => {
    report({ n: 1 });
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        ended = true;
        reject(signal.reason);
      });
    });
  });
  await (await opened).cancel();
  assertEquals(ended, true);
});

Deno.test("cancels the stream when the connection is closed after the preparation", async () => {
  const stream = createStream("a", "b");
  const { opened } = open(() => Promise.resolve(stream));
  const source = await opened;
  assertEquals(await read(source), "a");
  await source.cancel();
  assertEquals(stream.cancelled, true);
});
