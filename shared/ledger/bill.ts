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
 *
 * The types in the order in which a paid call passes them: `PaidCall`, what is sent; `Estimate`, the
 * most it may cost; `Reserved`, what the ledger holds for the whole request; `Bill`, one call's part of
 * it; `RecordedCharge`, what one attempt cost; `Settlement`, all charges, which replace the hold.
 */
import type { Call } from "../http/call.ts";
import { type Answered, type RecordedCharge, toLedgerName } from "./charge.ts";
import { expect, type Expected, type PaidCall } from "./estimate.ts";
import { isRecorded, reserve, type Reserved, settle } from "./store.ts";
import { readTokenUsage, type StatedUsage } from "../token_usage.ts";

/** How much of a response was seen when it does not state its usage. */
export interface Seen {
  /** Completion tokens; the most that the call may use unless given. */
  completionTokens?: number;
  /** Whether the response was cut, so that it may cost more than it had stated by then. */
  isPart?: boolean;
}

/** What names a charge in the ledger. */
export interface ChargeName {
  /** The id of the request's reservation. */
  reservation: string;
  /** The number of the charge among those of the request, from 0. */
  number: number;
}

/** A generation to look up at the gateway. */
export interface LookUp {
  /** The gateway's id of the generation. */
  generationId: string;
  /** The key of the user's own account, sealed as it is stored, when that account paid. */
  sealedKey?: string;
}

/** What remains to be asked of the gateway once a call is settled. */
export interface Settled {
  /** Earlier generations of the same payer whose cost is still an estimate; at most 5. */
  lookUps: LookUp[];
  /** Whether the ledger's prices are missing or more than a day old. */
  pricesDue: boolean;
}

/** The reservations of one request whose usage is recorded. */
interface Tab {
  reserved: Reserved[];
  settled: Promise<Settled>;
  /** Whether {@link settled} has returned the promise. */
  isTaken: boolean;
}

const TAB = Symbol("tab");

/** The tab is a property of the call, because entries of a `WeakMap` are slow to collect. */
type TabbedCall = Call & { [TAB]?: Tab };

/**
 * Reserves what the paid calls may cost together, in one round trip, and settles when the call ends.
 * Nothing is asked before the call when no limit is set and users have no keys of their own.
 *
 * @param options.withoutPrices decides by the ceilings of the settings, or defaults, when the ledger has
 *   no price list.
 * @returns one bill per paid call, in their order. They come without a promise when nothing is recorded,
 *   because the ledger is missing and no setting needs it; the log says so once.
 * @throws {ApiError} 429 `RATE_LIMITED` or 402 `BILLING_INSUFFICIENT_BALANCE` over a limit; 402 when the
 *   calls may cost more than is left, with both amounts in the message; 429 when the database is busy;
 *   403 `AI_INVALID_API_KEY` when users must connect an account of their own first; 500 `INTERNAL_ERROR`
 *   when a setting needs a ledger that is missing, 502 `UPSTREAM_FAILURE` when it does not respond.
 * @throws {PricesMissing} when a limit in USD is set and the ledger has no price list: ask the gateway,
 *   hand the list to `savePrices`, and open the bills again.
 */
export function openBills(
  call: Call,
  paid: PaidCall[],
  { withoutPrices = false }: { withoutPrices?: boolean } = {},
): Bill[] | Promise<Bill[]> {
  const expected = paid.map((one) => expect(one, call.settings));
  const tab = openTab(call);
  if (!tab) return expected.map((one) => new Bill(one, {}));
  return reserveBills(call, expected, { tab, withoutPrices });
}

async function reserveBills(
  call: Call,
  expected: Expected[],
  { tab, withoutPrices }: { tab: Tab; withoutPrices: boolean },
): Promise<Bill[]> {
  const counts = tab.reserved.length === 0; // a request counts once for the limit per minute
  const reserved = await reserve(call, expected, { counts, withoutPrices });
  tab.reserved.push(reserved);
  return expected.map((one) => new Bill(one, reserved));
}

/**
 * When the call's charges are recorded; to be awaited in a task of `call.atEnd`.
 *
 * @returns undefined when nothing is recorded, because the project has no ledger, and from the second
 *   time on, so that one task of a call follows its settlement.
 */
export function settled(call: Call): Promise<Settled> | undefined {
  const { [TAB]: tab } = call as TabbedCall;
  if (!tab || tab.isTaken) return undefined;
  tab.isTaken = true;
  return tab.settled;
}

/** Returns undefined when nothing is recorded: the call then ends without tasks, which is faster. */
function openTab(call: TabbedCall): Tab | undefined {
  const known = call[TAB];
  if (known || !isRecorded(call)) return known;
  const { promise, resolve } = Promise.withResolvers<Settled>();
  const tab: Tab = { reserved: [], settled: promise, isTaken: false };
  call[TAB] = tab;
  call.atEnd(async () => resolve(await settleAll(call, tab.reserved)));
  return tab;
}

async function settleAll(call: Call, reserved: Reserved[]): Promise<Settled> {
  const settled = await Promise.all(reserved.map(async (one): Promise<Settled> => {
    const { lookUps, pricesDue } = await settle(call, one);
    const { sealedKey } = one;
    const payer = lookUps.filter(({ own_key }) => own_key === (sealedKey !== undefined));
    return {
      lookUps: payer.map(({ generation_id }) => ({ generationId: generation_id, sealedKey })),
      pricesDue: pricesDue || one.pricesDue,
    };
  }));
  return {
    lookUps: settled.flatMap(({ lookUps }) => lookUps),
    pricesDue: settled.some(({ pricesDue }) => pricesDue),
  };
}

/** What one paid call is charged to. */
export class Bill {
  /** The user's own key, sealed as it is stored, when it pays instead of the project's key. */
  readonly sealedKey: string | undefined;
  readonly #reservation: string | undefined;
  readonly #charges: RecordedCharge[] | undefined;
  readonly #expected: Expected;

  /** Takes the charges of a request; nothing is charged when they are left out. */
  constructor(
    expected: Expected,
    { id, sealedKey, charges }: Partial<Pick<Reserved, "id" | "sealedKey" | "charges">>,
  ) {
    this.sealedKey = sealedKey;
    this.#reservation = id;
    this.#charges = charges;
    this.#expected = expected;
  }

  /**
   * Charges one attempt: what the response states, otherwise the estimate, which the gateway's record
   * of the generation replaces later. A charge without the id of a generation is not looked up.
   *
   * @returns under which name the ledger records it; undefined when nothing is recorded.
   */
  charge(
    answered: Answered,
    { completionTokens, isPart = false }: Seen = {},
  ): ChargeName | undefined {
    if (!this.#charges) return undefined;
    const asked = this.#expected.model;
    const stated = readTokenUsage(answered.usage);
    const isWhole = stated !== undefined && !isPart;
    const charge: RecordedCharge = {
      generation_id: toLedgerName(answered.id) || null,
      model: toPricedName(toLedgerName(answered.model) || asked, asked),
      prompt_tokens: stated?.promptTokens ?? this.#expected.estimate.promptTokens,
      completion_tokens: isWhole
        ? stated.completionTokens
        : this.#countCompletion(stated, completionTokens),
      usd: stated?.usd ?? null,
      final: isWhole && stated.usd !== undefined,
    };
    const priced = charge.usd === null ? this.#toPriced(charge, stated === undefined) : {};
    const count = this.#charges.push({ ...charge, ...priced });
    return { reservation: this.#reservation!, number: count - 1 };
  }

  /** Some servers state the prompt tokens first and the completion tokens only at the end. */
  #countCompletion(stated: StatedUsage | undefined, seen: number | undefined): number {
    const most = seen ?? (stated ? 0 : Infinity);
    const counted = Math.min(most, this.#expected.estimate.completionTokens);
    return Math.max(stated?.completionTokens ?? 0, counted);
  }

  /** What the ledger prices; tools and files only when the response does not state its tokens. */
  #toPriced({ model, prompt_tokens, completion_tokens }: RecordedCharge, isSilent: boolean) {
    const { parts: [own, ...others], extraUsd, fallback } = this.#expected.estimate;
    const priced = isSilent ? own!.models : [model];
    const part = { models: priced, prompt_tokens, completion_tokens };
    if (!isSilent) return { parts: [part], ...fallback };
    return { parts: [{ ...own!, ...part }, ...others], extra_usd: extraUsd, ...fallback };
  }
}

/** A dated version or a variant is recorded under the name it was requested by, which has the price. */
function toPricedName(answered: string, asked: string): string {
  const isDated = answered.startsWith(asked) && /^-\d[\d-]*$/.test(answered.slice(asked.length));
  const isVariant = asked.startsWith(`${answered}:`);
  return asked && (isDated || isVariant) ? asked : answered;
}
