/** What a response is charged, whatever is thought of it later. */
import { assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { chooseGateway } from "../../../shared/gateway/gateway.ts";
import type { Call, LogFields } from "../../../shared/http/call.ts";
import { Bill } from "../../../shared/ledger/bill.ts";
import type { RecordedCharge } from "../../../shared/ledger/charge.ts";
import { expect } from "../../../shared/ledger/estimate.ts";
import { chargeStream, type Exchange, readCharged } from "../../../shared/openrouter/charging.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

const settings = createSettings(createEnvironment());
const { signal } = new AbortController();
const USAGE = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12, cost: 0.25 };

/** A request for at most 50 tokens, and where its charges and its log fields go. */
function createProbe() {
  const charges: RecordedCharge[] = [];
  const log: LogFields = {};
  const gateway = chooseGateway(settings);
  const path = "/chat/completions";
  const params = { model: "a/b", max_tokens: 50 };
  const bill = new Bill(expect({ path, params, bytes: 90 }, settings), { charges });
  const request = gateway.request(path, params);
  const absent = { key: undefined, protocol: undefined, trace: undefined };
  const exchange: Exchange = { gateway, request, bill, ...absent };
  const read = (response: Response) => readCharged({ log } as Call, exchange, { response, signal });
  const listCharges = () =>
    charges.map(({ generation_id, completion_tokens, final }) => [
      generation_id,
      completion_tokens,
      final,
    ]);
  return { exchange, log, read, listCharges };
}

Deno.test("charges and logs the usage that a response states", async () => {
  const probe = createProbe();
  const body = { id: "gen-1", model: "a/b", usage: USAGE };
  assertEquals(await probe.read(Response.json(body)), body);
  assertEquals(probe.listCharges(), [["gen-1", 5, true]]);
  assertEquals([probe.log.generation_id, probe.log.cost], ["gen-1", 0.25]);
});

Deno.test("charges the estimate of a response that states no usage", async () => {
  const probe = createProbe();
  await probe.read(Response.json({ choices: [] }, { headers: { "x-generation-id": "gen-2" } }));
  assertEquals(probe.listCharges(), [["gen-2", 50, false]]);
});

Deno.test("charges the estimate of a response that breaks", async () => {
  const probe = createProbe();
  const body = new ReadableStream({ start: (stream) => stream.error(new Error("reset")) });
  await assertRejects(() => probe.read(new Response(body)), ApiError);
  assertEquals(probe.listCharges(), [[null, 50, false]]);
});

Deno.test("charges an unreadable response only when it names a generation", async () => {
  const probe = createProbe();
  assertEquals(await probe.read(new Response("<html>")), "<html>");
  assertEquals(probe.listCharges(), []);
  await probe.read(new Response("", { headers: { "x-generation-id": "gen-3" } }));
  assertEquals(probe.listCharges(), [["gen-3", 50, false]]);
});

Deno.test("charges nothing for a response that reports an error", async () => {
  const probe = createProbe();
  await probe.read(Response.json({ error: { code: 502, message: "down" } }));
  assertEquals(probe.listCharges(), []);
});

Deno.test("charges a cut stream for the tokens that arrived, and a refused one not at all", () => {
  const { exchange, log, listCharges } = createProbe();
  const cut = { outcome: "cancelled", refused: false, tokens: 9, id: "gen-4" } as const;
  chargeStream(log, exchange, cut);
  chargeStream(log, exchange, { ...cut, refused: true });
  assertEquals([listCharges(), log.generation_id], [[["gen-4", 9, false]], "gen-4"]);
});
