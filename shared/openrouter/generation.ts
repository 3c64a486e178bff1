/**
 * What the gateway records about a generation after it ended.
 * https://openrouter.ai/docs/api-reference/get-a-generation
 */
import { type Charge, toLedgerName } from "../ledger/charge.ts";
import { createOpenRouter, isOpenRouterChosen } from "../gateway/openrouter.ts";
import type { Settings } from "../settings.ts";
import { readStatedUsd, toTokenCount } from "../token_usage.ts";
import { readText, send } from "./send.ts";

const TIMEOUT_MS = 10_000;

/**
 * Looks up what a generation cost.
 *
 * @param options.key the key of the account that paid, the project's unless given.
 * @param options.signal aborts the request, which ends after 10 s in any case.
 * @returns undefined while the gateway does not know: OpenRouter does not for seconds after the
 *   generation ended, sometimes for minutes; other gateways never do.
 */
export async function getGeneration(
  id: string,
  settings: Settings,
  { key, signal }: { key?: string; signal?: AbortSignal } = {},
): Promise<Charge | undefined> {
  if (!isOpenRouterChosen(settings)) return undefined;
  const gateway = createOpenRouter(settings);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const either = signal ? AbortSignal.any([timeout, signal]) : timeout;
  try {
    const request = gateway.request(`/generation?id=${encodeURIComponent(id)}`);
    const response = await send(request, { gateway, key, signal: either });
    const { data } = JSON.parse(await readText(response, either)) as { data?: GenerationRecord };
    return data ? toCharge(id, data) : undefined;
  } catch {
    return undefined; // the ledger hands it out again, and until then the estimate stands
  }
}

function toCharge(id: string, record: GenerationRecord): Charge | undefined {
  const usd = readStatedUsd({
    cost: record.total_cost,
    is_byok: record.is_byok,
    cost_details: { upstream_inference_cost: record.upstream_inference_cost },
  });
  return usd === undefined ? undefined : {
    generation_id: id,
    model: toLedgerName(record.model),
    prompt_tokens: toTokenCount(record.native_tokens_prompt ?? record.tokens_prompt),
    completion_tokens: toTokenCount(record.native_tokens_completion ?? record.tokens_completion),
    usd,
    final: true,
  };
}

/** The fields of OpenRouter's `/generation` that are read here. */
interface GenerationRecord {
  model?: string;
  total_cost?: number;
  is_byok?: boolean;
  upstream_inference_cost?: number | null;
  tokens_prompt?: number | null;
  tokens_completion?: number | null;
  native_tokens_prompt?: number | null;
  native_tokens_completion?: number | null;
}
