/**
 * What paid calls may spend and what they spent.
 *
 * ```ts
 * const bills = await openBills(call, [{ path, params, bytes }]); // one bill per paid call
 * bills[0].sealedKey;                        // the user's own key as stored, when it pays
 * bills[0].charge({ id, model, usage });     // once per attempt that was or may have been billed
 * const { lookUps, pricesDue } = await settled(call);  // after the response, in `call.atEnd`
 * ```
 *
 * The settlement registers itself with `call.atEnd`. What only the gateway knows (the cost of earlier
 * generations, the price catalogue) is returned as data by `settled`; the caller asks the gateway and
 * hands the results to `reconcile` and `savePrices`.
 */
import type { Call } from "../http/call.ts";
import { type Answered, type Charge, toLedgerName } from "./charge.ts";
import { type Estimate, estimate, type PaidCall, price } from "./estimate.ts";
import { type LookUp, reserve, settle } from "./store.ts";
import { readTokenUsage } from "../token_usage.ts";

export type { Answered, Charge } from "./charge.ts";
export type { PaidCall } from "./estimate.ts";
export { type LookUp, reconcile } from "./store.ts";

/** How much of a response was seen when it does not state its usage. */
export interface Seen {
  /** Completion tokens; the most that the call may use unless given. */
  completionTokens?: number;
  /** Whether the response broke off, so that it may cost more than it stated by then. */
  isPart?: boolean;
}

/** What remains to be asked of the gateway once a call is settled. */
export interface Settled {
  /** Earlier generations of the same payer whose cost is still an estimate; at most 5. */
  lookUps: LookUp[];
  /** Whether the ledger's prices are missing or more than a day old. */
  pricesDue: boolean;
}

/** One request's reservations and charges. */
interface Tab {
  /** Calls that `planCalls` announced and no bill was opened for yet. */
  planned: number[];
  reserved?: Promise<Reserved>;
  settled: Promise<Settled>;
  settle(settled: Settled): void;
}

/** What one reservation let through. */
interface Reserved {
  sealedKey?: string;
  usdPerToken?: number;
  charges: Charge[];
}

const tabs = new WeakMap<Call, Tab>();

/**
 * Announces how many paid calls a request will make, so that the first one's bill reserves for all.
 *
 * @param sizes bytes of what each call is about, the first call's first.
 */
export function planCalls(call: Call, sizes: number[]): void {
  tabOf(call).planned = sizes;
}

/**
 * Reserves what the paid calls may cost together, in one round trip, and settles when the call ends.
 *
 * @returns one bill per paid call, in their order. Nothing is recorded when the ledger is missing and
 *   no setting needs it; the log says so once.
 * @throws {ApiError} 429 `RATE_LIMITED` or 402 `BILLING_INSUFFICIENT_BALANCE` over a limit, with
 *   `Retry-After`; 403 `AI_INVALID_API_KEY` when users must connect an account of their own first; 500
 *   `INTERNAL_ERROR` when a setting needs a ledger that is missing, 502 `UPSTREAM_FAILURE` when it does
 *   not respond.
 */
export async function openBills(call: Call, paid: PaidCall[]): Promise<Bill[]> {
  const tab = tabOf(call);
  const expected = paid.map((one) => estimate(one, call.settings));
  tab.reserved ??= openReservation(call, tab, expected);
  const reserved = await tab.reserved;
  return expected.map((one) => new Bill(one, reserved));
}

/** Resolves when the call's charges are recorded; use it in a task of `call.atEnd`. */
export function settled(call: Call): Promise<Settled> {
  return tabOf(call).settled;
}

async function openReservation(call: Call, tab: Tab, expected: Estimate[]): Promise<Reserved> {
  const charges: Charge[] = [];
  const reservation = await reserve(call, expected, tab.planned);
  if (!reservation) {
    tab.settle({ lookUps: [], pricesDue: false });
    return { charges };
  }
  const { id, sealedKey, usdPerToken, lookUps } = reservation;
  call.atEnd(async () => {
    await settle(call, id, charges);
    tab.settle({ lookUps, pricesDue: false });
  });
  return { sealedKey, usdPerToken, charges };
}

function tabOf(call: Call): Tab {
  let tab = tabs.get(call);
  if (!tab) {
    const { promise, resolve } = Promise.withResolvers<Settled>();
    tabs.set(call, tab = { planned: [], settled: promise, settle: resolve });
  }
  return tab;
}

/** What one paid call is charged to. */
export class Bill {
  /** The user's own key, sealed as it is stored, when it pays instead of the project's key. */
  readonly sealedKey: string | undefined;
  readonly #charges: Charge[];
  readonly #expected: Estimate;
  readonly #usdPerToken: number | undefined;

  constructor(expected: Estimate, { sealedKey, usdPerToken, charges }: Reserved) {
    this.sealedKey = sealedKey;
    this.#charges = charges;
    this.#expected = expected;
    this.#usdPerToken = usdPerToken;
  }

  /**
   * Charges one attempt: what the response states, otherwise the estimate, which the gateway's record
   * of the generation replaces later.
   */
  charge(answered: Answered, { completionTokens, isPart = false }: Seen = {}): void {
    const stated = readTokenUsage(answered.usage);
    const id = toLedgerName(answered.id) || undefined;
    const model = toLedgerName(answered.model) || this.#expected.model;
    const most = completionTokens ?? (stated ? 0 : Infinity);
    const seen = Math.min(most, this.#expected.completionTokens);
    const prompt = stated?.promptTokens ?? this.#expected.promptTokens;
    // Some servers state the prompt tokens first and the completion tokens only at the end.
    const completion = stated && !isPart
      ? stated.completionTokens
      : Math.max(stated?.completionTokens ?? 0, seen);
    this.#charges.push({
      generation_id: id ?? null,
      model: toPricedName(model, this.#expected.model),
      prompt_tokens: prompt,
      completion_tokens: completion,
      usd: stated?.usd ?? this.#price(prompt, completion),
      final: stated?.usd !== undefined && !isPart,
    });
  }

  #price(prompt: number, completion: number): number {
    return this.#usdPerToken === undefined
      ? price(prompt, completion, this.#expected.prices)
      : (prompt + completion) * this.#usdPerToken;
  }
}

/** A dated version or a variant is recorded under the name it was requested by, which has the price. */
function toPricedName(answered: string, asked: string): string {
  const isDated = answered.startsWith(asked) && /^-\d[\d-]*$/.test(answered.slice(asked.length));
  const isVariant = asked.startsWith(`${answered}:`);
  return asked && (isDated || isVariant) ? asked : answered;
}
