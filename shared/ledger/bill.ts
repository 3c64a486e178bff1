/** What a paid call is charged to: what its answers say they used, or what they may have. */
import type { Call } from "../http/app.ts";
import type { Usage } from "../openrouter/completion_events.ts";
import { type Estimate, price } from "./estimate.ts";
import { toCount, toName, toUsd } from "./values.ts";

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
  usage?: Usage | null;
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
    const stated = readUsage(answered.usage);
    const id = toName(answered.id) || undefined;
    const model = toName(answered.model) || this.#expected.model;
    log.model ??= model;
    log.generation_id ??= id;
    const most = completionTokens ?? (stated ? 0 : Infinity);
    const seen = Math.min(most, this.#expected.completionTokens);
    const prompt = stated?.prompt ?? this.#expected.promptTokens;
    // Some servers state a prompt first, and its answer not before the end.
    const completion = stated && !isPart
      ? stated.completion
      : Math.max(stated?.completion ?? 0, seen);
    if (stated) {
      log.prompt_tokens = (log.prompt_tokens ?? 0) + stated.prompt;
      log.completion_tokens = (log.completion_tokens ?? 0) + stated.completion;
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

/** Tokens of a call, and USD where an answer says them. */
interface Used {
  prompt: number;
  completion: number;
  usd?: number;
}

/**
 * What an answer says it used: `prompt_tokens` and `completion_tokens`, in OpenAI's Responses
 * `input_` and `output_tokens`; where there is but a total, as some servers have it for embeddings,
 * all of it is the prompt's.
 *
 * @returns nothing for what states neither tokens nor a cost.
 */
export function readUsage(usage?: Usage | null): Used | undefined {
  if (!usage) return undefined;
  const { prompt_tokens, input_tokens, completion_tokens, output_tokens, total_tokens } = usage;
  const completion = toCount(completion_tokens ?? output_tokens);
  const prompt = toCount(prompt_tokens ?? input_tokens) ||
    Math.max(0, toCount(total_tokens) - completion);
  const usd = toUsd(usage.cost);
  return usd === undefined && prompt + completion === 0 ? undefined : { prompt, completion, usd };
}
