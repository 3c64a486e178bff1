/** Events that are changed on their way to the caller. */
import { assertEquals } from "@std/assert";
import { invalidInput } from "../../../shared/errors.ts";
import type { ByteSource } from "../../../shared/http/byte_source.ts";
import { convertEvents } from "../../../shared/http/converted_events.ts";

const encoder = new TextEncoder();

/** A source that delivers each text at once; `cancelled` counts its cancellations. */
function createSource(pieces: string[]): ByteSource & { cancelled: number } {
  return {
    cancelled: 0,
    read: () => Promise.resolve(pieces.length ? encoder.encode(pieces.shift()) : undefined),
    cancel() {
      this.cancelled++;
      return Promise.resolve();
    },
  };
}

async function readAll(source: ByteSource): Promise<string> {
  let text = "";
  for (let bytes; (bytes = await source.read());) text += new TextDecoder().decode(bytes);
  return text;
}

Deno.test("converts the data of events, and waits for conversions that take time", async () => {
  const source = createSource(['data: {"n":1}\n\ndata: {"n":2}\n\n', 'data: {"n":3}\n\n']);
  const converted = convertEvents(source, async ({ n }) => await { twice: 2 * Number(n) });
  assertEquals(
    await readAll(converted),
    'data: {"twice":2}\n\ndata: {"twice":4}\n\ndata: {"twice":6}\n\n',
  );
});

Deno.test("passes comments, [DONE], errors and data that is not an object on unchanged", async () => {
  const text = ': wait\n\ndata: {"error":{"code":1}}\n\ndata: 5\n\ndata: {\n\ndata: [DONE]\n\n';
  assertEquals(await readAll(convertEvents(createSource([text]), () => undefined)), text);
});

Deno.test("leaves events out, and reads on until there is something to deliver", async () => {
  const source = createSource(['data: {"n":1}\n\n', 'data: {"n":2}\n\n']);
  const converted = convertEvents(source, (data) => data.n === 1 ? undefined : data);
  assertEquals(new TextDecoder().decode(await converted.read()), 'data: {"n":2}\n\n');
  assertEquals(await converted.read(), undefined);
});

Deno.test("cancels the source when the caller closes the connection", async () => {
  const source = createSource([]);
  await convertEvents(source, (data) => data).cancel();
  assertEquals(source.cancelled, 1);
});

Deno.test("ends with an error event and cancels the source when a conversion throws", async () => {
  const source = createSource(['data: {"n":1}\n\ndata: {"n":2}\n\n', 'data: {"n":3}\n\n']);
  const converted = convertEvents(source, (data) => {
    if (data.n === 2) throw invalidInput("two");
    return data;
  });
  const error = 'data: {"error":{"code":"INVALID_INPUT","message":"two"}}\n\n';
  assertEquals(await readAll(converted), `data: {"n":1}\n\n${error}`);
  assertEquals(source.cancelled, 1);
});
