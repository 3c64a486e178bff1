import { assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import type { ByteSource } from "../../../shared/http/event_stream.ts";
import { toPlainText } from "../../../shared/openrouter/plain_text.ts";
import { chunk, COMMENT, DONE, streamOf } from "../../support/upstream.ts";

const ERROR = 'data: {"error":{"code":"RATE_LIMITED","message":"m"}}\n\n';

for (
  const [situation, pieces, texts] of [
    ["one event per piece", streamOf("Grü", "ße", " 🌍"), ["Grü", "ße", " 🌍"]],
    ["all events in one piece", [streamOf("Grü", "ße", " 🌍").join("")], ["Grüße 🌍"]],
    ["events that end with CRLF", [streamOf("a", "b").join("").replaceAll("\n", "\r\n")], ["ab"]],
    ["a last event without its empty line", [chunk({ content: "a" }).trimEnd()], ["a"]],
    ["events without text", [COMMENT, chunk({ reasoning: "r" }), chunk({}, {}, "stop"), DONE], []],
    ["content that is a list of parts", [chunk({ content: [{ text: "a" }, { type: "x" }] })], [
      "a",
    ]],
    [
      "events of no known form",
      ["data: {\n\n", "data: null\n\n", "data: []\n\n", 'data: {"choices":[null]}\n\n'],
      [],
    ],
    [
      "the first of two choices",
      ['data: {"choices":[{"index":1,"delta":{"content":"b"}}]}\n\n', chunk({ content: "a" })],
      ["a"],
    ],
  ] as [string, string[], string[]][]
) {
  Deno.test(`toPlainText returns the text of ${situation}`, async () => {
    const source = toPlainText(toSource(pieces));
    const read: string[] = [];
    for (let bytes = await source.read(); bytes; bytes = await source.read()) {
      read.push(new TextDecoder().decode(bytes));
    }
    assertEquals(read, texts);
  });
}

for (const pieces of [[chunk({ content: "a" }) + ERROR], [chunk({ content: "a" }), ERROR]]) {
  Deno.test(`toPlainText rejects after the text before an error event, in ${pieces.length} pieces`, async () => {
    const source = toPlainText(toSource(pieces));
    assertEquals(new TextDecoder().decode(await source.read()), "a");
    for (let i = 0; i < 2; i++) {
      const error = await assertRejects(() => source.read(), ApiError);
      assertEquals([error.status, error.code], [502, "AI_UPSTREAM_UNAVAILABLE"]);
    }
  });
}

Deno.test("toPlainText releases the events when it is cancelled", async () => {
  let isCancelled = false;
  const cancel = () => Promise.resolve(void (isCancelled = true));
  await toPlainText({ ...toSource([]), cancel }).cancel();
  assertEquals(isCancelled, true);
});

function toSource(pieces: string[]): ByteSource {
  const rest = pieces.map((piece) => new TextEncoder().encode(piece)).values();
  return { read: () => Promise.resolve(rest.next().value), cancel: () => Promise.resolve() };
}
