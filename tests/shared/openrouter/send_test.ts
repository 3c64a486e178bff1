import { assertEquals, assertThrows } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { readOpenRouterError } from "../../../shared/gateway/openrouter.ts";
import { createSettings } from "../../../shared/settings.ts";
import {
  type Exchange,
  getGeneration,
  readAnswer,
  requireAnswer,
} from "../../../shared/openrouter/send.ts";
import type { Bill } from "../../../shared/ledger/bill.ts";
import { createUpstream } from "../../support/upstream.ts";
import { assertFailure } from "../fake_insforge.ts";
import { environmentOf } from "./openrouter_probe.ts";

const EXCHANGE: Exchange = {
  gateway: { readError: readOpenRouterError },
  url: "",
  toHeaders: () => ({}),
  toOpenRouterForm: (json) => json,
};
const { signal } = new AbortController();

Deno.test("a generation's record is asked for by its id, with the key that paid", async () => {
  await using upstream = await createUpstream();
  const settings = createSettings(environmentOf(upstream));
  const data = {
    model: "openai/gpt-4o",
    total_cost: 0.0123,
    tokens_prompt: 9,
    native_tokens_prompt: 11,
    tokens_completion: 4,
    native_tokens_completion: null,
  };
  upstream.reply({ json: { data } }, { json: { data } });
  assertEquals(await getGeneration(settings, "gen-1/2", "sk-or-v1-own"), {
    generation_id: "gen-1/2",
    model: "openai/gpt-4o",
    prompt_tokens: 11,
    completion_tokens: 4,
    usd: 0.0123,
    final: true,
  });
  await getGeneration(settings, "gen-1/2");
  const [{ method, path, headers }, second] = upstream.requests;
  assertEquals([method, path], ["GET", "/api/v1/generation?id=gen-1%2F2"]);
  assertEquals(headers.get("authorization"), "Bearer sk-or-v1-own");
  assertEquals(
    second.headers.get("authorization"),
    `Bearer ${settings.OPENROUTER_API_KEY}`,
  );
});

for (
  const [what, reply] of Object.entries({
    "not known yet": { status: 404, json: { error: { code: 404, message: "not found" } } },
    "no JSON": { text: "<html>" },
    "without data": { json: {} },
    "without a cost": { json: { data: { model: "m", total_cost: null } } },
    "of a cost that is none": { json: { data: { model: "m", total_cost: "a lot" } } },
    "cut": { reset: true as const },
  })
) {
  Deno.test(`a generation's record that is ${what} is nothing, and asked for once`, async () => {
    await using upstream = await createUpstream();
    upstream.reply(reply);
    assertEquals(
      await getGeneration(createSettings(environmentOf(upstream)), "gen-1"),
      undefined,
    );
  });
}

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
