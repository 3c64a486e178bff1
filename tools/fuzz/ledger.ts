/** The target for the numbers of the ledger: tokens, prices and charges of any request and response. */
import fc from "fast-check";
import { Bill } from "../../shared/ledger/bill.ts";
import type { RecordedCharge } from "../../shared/ledger/charge.ts";
import { expect } from "../../shared/ledger/estimate.ts";
import { toPrices } from "../../shared/ledger/prices.ts";
import { createSettings } from "../../shared/settings.ts";
import { readTokenUsage, sumTokenUsage, type TokenUsage } from "../../shared/token_usage.ts";
import { hostileValue, spoilt } from "./hostile_values.ts";
import { requireCharge } from "./money.ts";
import type { FuzzedOperation } from "./operations.ts";
import { createTarget, type Target } from "./target.ts";
import { ENVIRONMENTS } from "./world.ts";

const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  cost: 0.001,
  is_byok: true,
  cost_details: { upstream_inference_cost: 0.002 },
};
const MODEL = {
  id: "openai/gpt-4o-mini",
  canonical_slug: "openai/gpt-4o-mini-2024",
  architecture: { input_modalities: ["text", "file"], output_modalities: ["text"] },
  pricing: { prompt: "0.00000015", completion: "0.0000006", request: "0", image: "0.001" },
};
const PATHS = ["/chat/completions", "/responses", "/messages", "/embeddings", "/images"];

/** Estimates, charges and prices of spoilt requests, responses and catalogues. */
export function createLedgerTarget(operations: FuzzedOperation[]): Target {
  const settings = ENVIRONMENTS.map((environment) => createSettings(environment));
  const examples = operations.flatMap(({ examples }) => examples);
  const paid = fc.record({
    path: fc.constantFrom(...PATHS),
    params: spoilt(examples),
    bytes: fc.nat(9_000_000),
    project: fc.nat(settings.length - 1),
    id: hostileValue,
    model: hostileValue,
    usage: spoilt(
      [USAGE, { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3 }, null],
      3,
    ),
    completionTokens: fc.option(fc.nat(100_000), { nil: undefined }),
    isPart: fc.boolean(),
    models: spoilt([[MODEL], { data: [] }], 3),
  });
  return createTarget("ledger", paid, ({ project, id, model, usage, models, ...one }) => {
    const params = Object(one.params) as Record<string, unknown>;
    const expected = expect({ ...one, params }, settings[project]!);
    requireNumbers(expected.estimate, "An estimate");
    const charges: RecordedCharge[] = [];
    const answered = { id, model, usage } as Parameters<Bill["charge"]>[0];
    const { completionTokens, isPart } = one;
    new Bill(expected, { sealedKey: undefined, charges }).charge(answered, {
      completionTokens,
      isPart,
    });
    if (charges.length !== 1) throw new Error(`${charges.length} charges for one attempt`);
    requireCharge({ ...charges[0] });
    requireNumbers(charges, "A charge");
    requireNumbers(readTokenUsage(usage as TokenUsage), "A usage");
    requireNumbers(sumTokenUsage([usage as TokenUsage]), "A sum");
    requireNumbers(toPrices(models), "A price list");
  });
}

/** Fails when any number inside is negative or not finite: PostgreSQL would reject the whole batch. */
function requireNumbers(value: unknown, what: string): void {
  if (typeof value === "number" && !(value >= 0 && value < Infinity)) {
    throw new Error(`${what} holds the number ${value}`);
  }
  if (typeof value !== "object" || value === null) return;
  for (const inner of Object.values(value)) requireNumbers(inner, what);
}
