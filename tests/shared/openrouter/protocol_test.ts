/** When a generation counts as empty. */
import { assertEquals } from "@std/assert";
import { isEmpty, type Verdict } from "../../../shared/openrouter/protocol.ts";

const usage = (completion_tokens: number) => ({
  prompt_tokens: 1,
  completion_tokens,
  total_tokens: 1 + completion_tokens,
});

const CASES: [verdict: Verdict, ungenerated: boolean, title: string][] = [
  [{ hasOutput: true }, false, "output without a finish reason"],
  [{ finished: true }, false, "a finished turn without output"],
  [{ finished: true, usage: usage(2) }, false, "a finished turn that used tokens"],
  [{ finished: true, usage: usage(0) }, true, "a finished turn that used no completion tokens"],
  [{}, true, "neither output nor a finish reason"],
  [{ usage: usage(5) }, true, "usage without output or a finish reason"],
];

for (const [verdict, ungenerated, title] of CASES) {
  Deno.test(`counts ${title} as ${ungenerated ? "empty" : "generated"}`, () => {
    assertEquals(isEmpty(verdict), ungenerated);
  });
}

Deno.test("reads the token count of Responses", () => {
  const usage = { input_tokens: 1, output_tokens: 0 } as unknown as Verdict["usage"];
  assertEquals(isEmpty({ finished: true, usage }), true);
});
