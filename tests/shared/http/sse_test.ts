import { assertEquals } from "@std/assert";
import {
  EventCutter,
  formatEvent,
  joinBytes,
  readData,
  splitEvents,
} from "../../../shared/http/sse.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const STREAM = ": OPENROUTER PROCESSING\n\n" +
  'data: {"a":"Grüße 🌍"}\n\n' +
  "event: x\r\ndata: one\r\ndata: two\r\n\r\n" +
  "data: [DONE]\n\n";

Deno.test("EventCutter gives back every byte, in whole events, however the stream is cut", () => {
  const bytes = encoder.encode(STREAM);
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second += 3) {
      const cutter = new EventCutter();
      const pieces = [
        bytes.slice(0, first),
        bytes.slice(first, second),
        bytes.slice(second),
      ].map((piece) => cutter.push(piece)).filter((piece) => piece !== undefined);
      assertEquals(decoder.decode(joinBytes([...pieces, cutter.rest()])), STREAM);
      for (const piece of pieces) {
        assertEquals(/\n\r?\n$/.test(decoder.decode(piece)), true, `cut at ${first}, ${second}`);
      }
    }
  }
});

Deno.test("EventCutter finds the end of every event in pieces of one byte, whatever their number", () => {
  for (const text of [STREAM, STREAM.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n")]) {
    for (const padding of ["", "x", "xx", "xxx"]) {
      const cutter = new EventCutter();
      const bytes = encoder.encode(`:${padding}${text}`);
      const pieces = Array.from(bytes, (_, i) => cutter.push(bytes.slice(i, i + 1)))
        .filter((piece) => piece !== undefined);
      assertEquals(pieces.length, 4);
      assertEquals([joinBytes(pieces), cutter.rest().length], [bytes, 0]);
    }
  }
});

Deno.test("EventCutter holds an event that has not ended", () => {
  const cutter = new EventCutter();
  assertEquals(cutter.push(encoder.encode("data: a\n")), undefined);
  assertEquals(decoder.decode(cutter.rest()), "data: a\n");
  assertEquals(decoder.decode(cutter.push(encoder.encode("\ndata: b"))), "data: a\n\n");
  assertEquals(decoder.decode(cutter.rest()), "data: b");
});

Deno.test("EventCutter hands over a chunk of whole events without copying it", () => {
  const chunk = encoder.encode("data: a\n\n");
  assertEquals(new EventCutter().push(chunk) === chunk, true);
});

Deno.test("splitEvents separates events ended by LF and by CRLF", () => {
  const events = splitEvents(encoder.encode(STREAM)).map((event) => decoder.decode(event));
  assertEquals(events.length, 4);
  assertEquals(events.join(""), STREAM);
  assertEquals(events.map(readData), [undefined, '{"a":"Grüße 🌍"}', "one\ntwo", "[DONE]"]);
});

Deno.test("readData takes data with and without a space after the colon", () => {
  assertEquals(readData("data:x"), "x");
  assertEquals(readData("data:  x"), " x");
  assertEquals(readData(": comment"), undefined);
  assertEquals(readData("data"), undefined);
});

Deno.test("formatEvent writes what readData reads", () => {
  const event = decoder.decode(formatEvent('{"a":1}'));
  assertEquals(event, 'data: {"a":1}\n\n');
  assertEquals(readData(event), '{"a":1}');
});
