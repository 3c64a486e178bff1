import { assert, assertEquals } from "@std/assert";
import { CompletionEvents, isWhole } from "../../../shared/openrouter/completion_events.ts";
import { ApiError } from "../../../shared/errors.ts";
import { chunk, COMMENT, DONE, USAGE } from "../../support/upstream.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const ERROR = `data: ${JSON.stringify({ error: { code: 400, message: "no" }, choices: [] })}\n\n`;

function read(seen: CompletionEvents, ...events: string[]): string {
  return decoder.decode(seen.read(encoder.encode(events.join(""))));
}

Deno.test("events are passed on up to an error or the end, and say where they ended", () => {
  const word = chunk({ content: "Once" });
  for (
    const [events, passed, end] of [
      [[COMMENT, word], [COMMENT, word], undefined],
      [[word, DONE, word], [word, DONE], "complete"],
      [[word, ERROR, word], [word], 400],
      [[chunk({}, {}, "stop"), DONE], [], 502],
      [[DONE], [], 502],
    ] as const
  ) {
    const seen = new CompletionEvents({});
    assertEquals(read(seen, ...events), passed.join(""));
    assertEquals(seen.end instanceof ApiError ? seen.end.status : seen.end, end);
  }
});

Deno.test("who trusts a stream gets its error event as it came, and takes nothing for an answer", () => {
  const seen = new CompletionEvents({ trusting: true });
  assertEquals(read(seen, ERROR), ERROR);
  assert(seen.end instanceof ApiError);
  const silent = new CompletionEvents({ trusting: true });
  assertEquals([read(silent, DONE), silent.end], [DONE, "complete"]);
});

Deno.test("an error is a refusal only where no chunk came before it", () => {
  for (
    const [events, refused] of [[[COMMENT, ERROR], true], [[chunk({}), ERROR], false]] as const
  ) {
    const seen = new CompletionEvents({});
    read(seen, ...events);
    assertEquals([seen.refused, seen.end instanceof ApiError], [refused, true]);
  }
});

Deno.test("the first chunk and the latest usage are kept", () => {
  const seen = new CompletionEvents({});
  const early = { ...USAGE, completion_tokens: 1 };
  read(seen, chunk({ content: "a" }, { id: "gen-a", usage: early }));
  read(seen, chunk({ content: "b" }, { id: "gen-b" }));
  assertEquals([seen.first?.id, seen.usage], ["gen-a", early]);
  read(seen, chunk({}, { usage: USAGE }, "stop"));
  assertEquals([seen.usage, seen.finished, seen.hasOutput], [USAGE, true, true]);
});

Deno.test("tokens are counted by events, and by their length where one holds many", () => {
  const seen = new CompletionEvents({});
  read(seen, COMMENT, chunk({ content: "a" }), chunk({ content: "b" }));
  assertEquals(seen.tokens, 2);
  read(seen, chunk({ content: "word".repeat(1_000) }));
  assert(seen.tokens > 900 && seen.tokens < 1_100, `${seen.tokens}`);
});

for (
  const [rest, whole] of [
    ["", false],
    ["data: [DONE]", true],
    [chunk({ content: "a" }).trimEnd(), true],
    [chunk({ content: "a" }).slice(0, -4), false],
    [": a comment", false],
  ] as const
) {
  Deno.test(`${JSON.stringify(rest.slice(-12))} at the end is ${whole ? "" : "no "}event`, () => {
    assertEquals(isWhole(encoder.encode(rest)), whole);
  });
}
