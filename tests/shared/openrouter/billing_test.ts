/** What is asked of the gateway for a bill: the price catalogue before it, past costs after it. */
import { assertEquals } from "@std/assert";
import { API_KEY, USER_ID } from "../../support/caller.ts";
import { completion, createUpstream } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { probe } from "./openrouter_probe.ts";

const COMMITTED = { decisions: [], look_ups: [], prices_due: false };
const STARTS = { ...COMMITTED, decisions: [null] };
const MODELS = { data: [{ id: "m", pricing: { prompt: "0.1", completion: "0.2" } }] };

async function run(
  insforge: { url: string },
  upstream: { url: string },
  values: Record<string, string> = {},
) {
  return await probe("/completion", upstream, {
    params: { messages: [] },
    values: { API_KEY, INSFORGE_BASE_URL: insforge.url, ...values },
  });
}

const namesOf = ({ requests }: { requests: { line: string }[] }) =>
  requests.map(({ line }) => line.replace("POST /api/database/rpc/", ""));

Deno.test("fetches the price catalogue before the first reservation in USD", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, { ...COMMITTED, decisions: "prices_missing" });
  ledger.reply(204, null);
  ledger.reply(200, STARTS);
  ledger.reply(200, COMMITTED);
  upstream.reply({ json: MODELS }, { json: completion() });
  assertEquals((await run(ledger, upstream, { USER_USD_PER_DAY: "5" })).status, 200);
  assertEquals(upstream.requests[0]!.path, "/api/v1/models?output_modalities=all");
  assertEquals(namesOf(ledger), ["ai_commit", "ai_save_prices", "ai_commit", "ai_commit"]);
  const [, saved, again] = ledger.requests.map(({ text }) => JSON.parse(text));
  assertEquals([saved.prices[0].prompt_usd, again.without_prices], [0.1, true]);
});

Deno.test("reserves by the fallback prices when the gateway has no catalogue", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, { ...COMMITTED, decisions: "prices_missing" });
  ledger.reply(204, null);
  ledger.reply(200, STARTS);
  ledger.reply(200, COMMITTED);
  upstream.reply({ status: 500, text: "down" }, { json: completion() });
  assertEquals((await run(ledger, upstream, { USER_USD_PER_DAY: "5" })).status, 200);
  assertEquals(namesOf(ledger), ["ai_commit", "ai_save_prices", "ai_commit", "ai_commit"]);
  assertEquals(JSON.parse(ledger.requests[1]!.text).prices, []);
});

Deno.test("reads the catalogue again after the call when the ledger says so", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  ledger.reply(200, { ...COMMITTED, prices_due: true });
  ledger.reply(204, null);
  upstream.reply({ json: completion() }, { json: MODELS });
  await run(ledger, upstream);
  assertEquals(namesOf(ledger), ["ai_commit", "ai_save_prices"]);
});

Deno.test("looks earlier generations up after the settlement and corrects the known ones", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  const due = (generation_id: string) => ({ generation_id, user_id: USER_ID, own_key: false });
  ledger.reply(200, STARTS);
  ledger.reply(200, { ...COMMITTED, look_ups: [due("gen-a"), due("gen-b")] });
  ledger.reply(204, null);
  const record = { model: "m", total_cost: 0.25, tokens_prompt: 7, tokens_completion: 8 };
  const reply = ({ path }: { path: string }) =>
    path.endsWith("gen-a") ? { json: { data: record } } : { status: 404, json: {} };
  upstream.reply({ json: completion() }, reply, reply);
  await run(ledger, upstream, { USER_TOKENS_PER_DAY: "100000" });
  assertEquals(namesOf(ledger), ["ai_commit", "ai_commit", "ai_reconcile"]);
  assertEquals(JSON.parse(ledger.requests[2]!.text).reconciled, [{
    ...{ generation_id: "gen-a", model: "m", prompt_tokens: 7, completion_tokens: 8 },
    ...{ usd: 0.25, final: true },
  }]);
});
