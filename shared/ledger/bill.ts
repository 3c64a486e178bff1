/** What a paid call is charged to: what its answers say they used, or what they may have. */
import type { Call } from "../http/call.ts";
import { type Estimate, price } from "./estimate.ts";
import { toLedgerName } from "./values.ts";
import { readTokenUsage, type TokenUsage } from "../token_usage.ts";

/** One generation, as the ledger keeps it. */
export interface Charge {
  generation_id: string | null;
  model: string;
  prompt_tokens: number;
  completion_tokens: number;
  usd: number;
  /** False for an estimate, which gives way to what the gateway says of the generation later. */
  final: boolean;
}

/** What an answer says of itself. */
export interface Answered {
  id?: string;
  model?: string | null;
  usage?: TokenUsage | null;
}

/** How much of an answer there was to see. */
export interface Seen {
  /** Tokens, where it does not say itself how many it has; the most that there may be unless given. */
  completionTokens?: number;
  /** Whether it broke off or was left: it then may have come to more than it said by then. */
  isPart?: boolean;
}

/** On whose key a request is, and what its model costs. */
export interface Payment {
  /** The user's own key, which pays in place of the project's. */
  key?: string;
  /** USD, by what the model cost before. */
  usdPerToken?: number;
}

/** What one paid call is charged to: each of its attempts that an answer came from, or may have. */
export class Bill {
  /** The user's own key, which pays in place of the project's. */
  readonly key: string | undefined;
  readonly #log: Call["log"];
  readonly #charges: Charge[];
  readonly #expected: Estimate;
  readonly #usdPerToken: number | undefined;

  /** @param charges where its charges go, with those of the request's other calls. */
  constructor(
    { log }: Call,
    charges: Charge[],
    expected: Estimate,
    { key, usdPerToken }: Payment,
  ) {
    this.key = key;
    this.#log = log;
    this.#charges = charges;
    this.#expected = expected;
    this.#usdPerToken = usdPerToken;
  }

  /**
   * Charges what an answer says it used. Where it does not say, that is what was reserved until the
   * gateway's own record is found.
   */
  charge(answered: Answered, { completionTokens, isPart = false }: Seen = {}): void {
    const log = this.#log;
    const stated = readTokenUsage(answered.usage);
    const id = toLedgerName(answered.id) || undefined;
    const model = toLedgerName(answered.model) || this.#expected.model;
    log.model ??= model;
    log.generation_id ??= id;
    const most = completionTokens ?? (stated ? 0 : Infinity);
    const seen = Math.min(most, this.#expected.completionTokens);
    const prompt = stated?.promptTokens ?? this.#expected.promptTokens;
    // Some servers state a prompt first, and its answer not before the end.
    const completion = stated && !isPart
      ? stated.completionTokens
      : Math.max(stated?.completionTokens ?? 0, seen);
    if (stated) {
      log.prompt_tokens = (log.prompt_tokens ?? 0) + stated.promptTokens;
      log.completion_tokens = (log.completion_tokens ?? 0) + stated.completionTokens;
      log.cost = (log.cost ?? 0) + (stated.usd ?? 0);
    }
    this.#charges.push({
      generation_id: id ?? null,
      model: toPricedName(model, this.#expected.model),
      prompt_tokens: prompt,
      completion_tokens: completion,
      usd: stated?.usd ?? this.#price(prompt, completion),
      final: stated?.usd !== undefined && !isPart,
    });
  }

  /** By what the model cost before; else at the highest prices, that of an answer for itself. */
  #price(prompt: number, completion: number): number {
    return this.#usdPerToken === undefined
      ? price(prompt, completion, this.#expected.prices)
      : (prompt + completion) * this.#usdPerToken;
  }
}

/** A dated version, or a variant, goes by the name it was asked for: by that its price is known. */
function toPricedName(answered: string, asked: string): string {
  const isDated = answered.startsWith(asked) && /^-\d[\d-]*$/.test(answered.slice(asked.length));
  const isVariant = asked.startsWith(`${answered}:`);
  return asked && (isDated || isVariant) ? asked : answered;
}
