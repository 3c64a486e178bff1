/** Records of generations, as the gateway returns them. */
import { assertEquals } from "@std/assert";
import { createSettings } from "../../../shared/settings.ts";
import { getGeneration } from "../../../shared/openrouter/generation.ts";
import { createUpstream } from "../../support/upstream.ts";
import { environmentOf } from "./openrouter_probe.ts";

const DATA = {
  model: "openai/gpt-4o",
  total_cost: 0.0123,
  tokens_prompt: 9,
  native_tokens_prompt: 11,
  tokens_completion: 4,
  native_tokens_completion: null,
};

Deno.test("looks a generation up by its id with the key that paid", async () => {
  await using upstream = await createUpstream();
  const settings = createSettings(environmentOf(upstream));
  upstream.reply({ json: { data: DATA } }, { json: { data: DATA } });
  assertEquals(await getGeneration("gen-1/2", settings, { key: "sk-or-v1-own" }), {
    generation_id: "gen-1/2",
    model: "openai/gpt-4o",
    prompt_tokens: 11,
    completion_tokens: 4,
    usd: 0.0123,
    final: true,
  });
  await getGeneration("gen-1/2", settings);
  const [first, second] = upstream.requests;
  assertEquals([first!.method, first!.path], ["GET", "/api/v1/generation?id=gen-1%2F2"]);
  assertEquals(first!.headers.get("authorization"), "Bearer sk-or-v1-own");
  assertEquals(second!.headers.get("authorization"), `Bearer ${settings.OPENROUTER_API_KEY}`);
});

Deno.test("adds the provider's price when the account's own provider key paid", async () => {
  await using upstream = await createUpstream();
  const settings = createSettings(environmentOf(upstream));
  const own = { ...DATA, total_cost: 0.001, upstream_inference_cost: 0.25 };
  upstream.reply({ json: { data: { ...own, is_byok: true } } });
  upstream.reply({ json: { data: { ...own, is_byok: false } } });
  assertEquals((await getGeneration("gen-1", settings))?.usd, 0.251);
  assertEquals((await getGeneration("gen-1", settings))?.usd, 0.001);
});

for (
  const [what, reply] of Object.entries({
    "not known yet": { status: 404, json: { error: { code: 404, message: "not found" } } },
    "not JSON": { text: "<html>" },
    "without data": { json: {} },
    "without a cost": { json: { data: { model: "m", total_cost: null } } },
    "with an invalid cost": { json: { data: { model: "m", total_cost: "a lot" } } },
    "cut off": { reset: true as const },
  })
) {
  Deno.test(`returns undefined after one request when the record is ${what}`, async () => {
    await using upstream = await createUpstream();
    upstream.reply(reply);
    const settings = createSettings(environmentOf(upstream));
    assertEquals(await getGeneration("gen-1", settings), undefined);
  });
}
