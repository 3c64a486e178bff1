/** What the events of a stream say. */
import { assert, assertEquals } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { chatProtocol } from "../../../shared/openrouter/chat_protocol.ts";
import { StreamEvents } from "../../../shared/openrouter/stream_events.ts";
import { chunk, COMMENT, DONE, USAGE } from "../../support/upstream.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const ERROR = `data: ${JSON.stringify({ error: { code: 400, message: "no" }, choices: [] })}\n\n`;
const STOP = chunk({}, {}, "stop");

function createEvents(): StreamEvents {
  return new StreamEvents({
    protocol: chatProtocol,
    readError: (body) => readOpenRouterError({ status: 200, body }),
  });
}

function read(events: StreamEvents, ...sent: string[]): [passed: string, end: unknown] {
  const { passed, end } = events.read(encoder.encode(sent.join("")));
  return [decoder.decode(passed), end instanceof ApiError ? end.status : end];
}

Deno.test("passes events on up to an error or the end, and says where they ended", () => {
  const word = chunk({ content: "Once" });
  for (
    const [sent, passed, end] of [
      [[COMMENT, word], [COMMENT, word], undefined],
      [[word, DONE, word], [word, DONE], "complete"],
      [[word, ERROR, word], [word], 400],
      [[STOP, DONE], [STOP, DONE], "complete"],
      [[chunk({}), DONE], [chunk({})], 502],
      [[DONE], [], 502],
    ] as const
  ) {
    assertEquals(read(createEvents(), ...sent), [passed.join(""), end]);
  }
});

Deno.test("counts an error as a refusal only when no chunk came before it", () => {
  for (
    const [sent, refused] of [[[COMMENT, ERROR], true], [[chunk({}), ERROR], false]] as const
  ) {
    const events = createEvents();
    assertEquals(read(events, ...sent)[1], 400);
    assertEquals(events.seen.refused, refused);
  }
});

Deno.test("keeps the first id and the latest usage", () => {
  const events = createEvents();
  const early = { ...USAGE, completion_tokens: 1 };
  read(events, chunk({ content: "a" }, { id: "gen-a", usage: early }));
  read(events, chunk({ content: "b" }, { id: "gen-b" }));
  assertEquals([events.seen.id, events.seen.usage], ["gen-a", early]);
  read(events, chunk({}, { usage: USAGE }, "stop"));
  assertEquals([events.seen.usage, events.hasOutput], [USAGE, true]);
});

Deno.test("counts tokens by events, and by their length when one event holds many", () => {
  const events = createEvents();
  read(events, COMMENT, chunk({ content: "a" }), chunk({ content: "b" }));
  assertEquals(events.seen.tokens, 2);
  read(events, chunk({ content: "word".repeat(1_000) }));
  const { tokens } = events.seen;
  assert(tokens > 900 && tokens < 1_100, `${tokens}`);
});

for (
  const [rest, passed] of [
    ["", false],
    [chunk({ content: "a" }).trimEnd(), true],
    [chunk({ content: "a" }).slice(0, -4), false],
    [": a comment", false],
  ] as const
) {
  Deno.test(`${passed ? "passes" : "drops"} ${JSON.stringify(rest.slice(-12))} at a stream's end`, () => {
    const events = createEvents();
    read(events, chunk({ content: "a" }), STOP);
    const closed = events.close(encoder.encode(rest));
    assertEquals([decoder.decode(closed.passed), closed.end], [passed ? rest : "", "complete"]);
  });
}
