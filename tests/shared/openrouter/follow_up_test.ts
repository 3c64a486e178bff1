/** What is asked of the gateway after a paid call. */
import { assertEquals } from "@std/assert";
import { API_KEY } from "../../support/caller.ts";
import { completion, createUpstream } from "../../support/upstream.ts";
import { createInsForge } from "../fake_insforge.ts";
import { probe } from "./openrouter_probe.ts";

const RPC = "POST /api/database/rpc";

Deno.test("looks earlier generations up after the call is settled and corrects the known ones", async () => {
  await using ledger = createInsForge();
  await using upstream = await createUpstream();
  const unreconciled = [{ generation_id: "gen-a" }, { generation_id: "gen-b" }];
  ledger.reply(200, { reservation: "r1", usd_per_token: null, key: null, unreconciled });
  ledger.replyAlways(204, null);
  const record = { model: "m", total_cost: 0.25, tokens_prompt: 7, tokens_completion: 8 };
  const reply = ({ path }: { path: string }) =>
    path.endsWith("gen-a") ? { json: { data: record } } : { status: 404, json: {} };
  upstream.reply({ json: completion() }, reply, reply);
  await probe("/completion", upstream, {
    params: { messages: [] },
    values: { API_KEY, INSFORGE_BASE_URL: ledger.url },
  });
  assertEquals(ledger.requests.map(({ line }) => line), [
    `${RPC}/ai_reserve`,
    `${RPC}/ai_settle`,
    `${RPC}/ai_reconcile`,
  ]);
  assertEquals(JSON.parse(ledger.requests[2]!.text).reconciled, [{
    generation_id: "gen-a",
    model: "m",
    prompt_tokens: 7,
    completion_tokens: 8,
    usd: 0.25,
    final: true,
  }]);
});
