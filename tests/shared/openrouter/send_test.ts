import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { type Exchange, readAnswer, requireAnswer } from "../../../shared/openrouter/send.ts";
import type { Bill } from "../../../shared/ledger/bill.ts";
import { assertFailure } from "../fake_insforge.ts";

const EXCHANGE: Exchange = {
  gateway: { readError: readOpenRouterError },
  url: "",
  toHeaders: () => ({}),
  toOpenRouterForm: (json) => json,
};
const { signal } = new AbortController();

Deno.test("an answer is JSON, text where it may be and says so, or null without content", async () => {
  const read = (response: Response, orText?: boolean) =>
    readAnswer(EXCHANGE, response, signal, { orText });
  assertEquals(await read(Response.json([1])), [1]);
  assertEquals(await read(new Response("[1]")), [1]);
  assertEquals(await read(new Response("[1]"), true), "[1]");
  assertEquals(await read(Response.json([1]), true), [1]);
  assertEquals(await read(new Response(null, { status: 204 })), null);
  await assertFailure(read(new Response("<html>")), 502, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("an answer of text is charged by its generation's id, if it has one", async () => {
  const charged: unknown[] = [];
  const bill = { charge: (answered: unknown) => void charged.push(answered) } as unknown as Bill;
  for (const id of ["gen-1", ""]) {
    const headers = id ? { "X-Generation-Id": id } : undefined;
    const response = new Response("text", { headers });
    await readAnswer({ ...EXCHANGE, bill }, response, signal, { orText: true });
  }
  assertEquals(charged, [{ id: "gen-1" }]);
});

Deno.test("an answer that is none, or failed by its own words, is refused", () => {
  const response = new Response();
  for (const answer of [null, "text", 1, { error: { code: 429, message: "slow" } }]) {
    assertThrows(() => requireAnswer(EXCHANGE, answer, response), ApiError);
  }
  requireAnswer(EXCHANGE, { choices: [] }, response);
});
