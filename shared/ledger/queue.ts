/**
 * Group commit: all reservations and settlements that wait in this isolate go to the database in one
 * routine call, and at most two calls are in flight. So an isolate uses one or two database connections,
 * and the cost per request falls as the load rises.
 */
import { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { callRoutine } from "../insforge/admin.ts";
import { findInsForgeUrl } from "../insforge/client.ts";
import { perSettings, type Settings } from "../settings.ts";
import { type Committed, type DecisionRow, type DueCharge, isCommitted } from "./committed.ts";
import type { Limits, Refusal } from "./limits.ts";

/** Who pays for a request, or why it may not start. */
export type Decision =
  | { payer: "project" }
  /** With the user's own key, sealed as it is stored. */
  | { payer: "user"; key: string }
  | { payer: "nobody"; refusal: Refusal };

/** What a request leaves behind when it ends. */
export interface Settlement {
  /** The reservation to release, if there is one. */
  ended?: { id: string; user_id: string };
  /** What its calls are charged. */
  charges: Fields[];
}

/** What the ledger reports when it has taken a batch. */
export interface Report {
  /** Charges of the users in the batch that are to be looked up. */
  lookUps: DueCharge[];
  /** Whether the price catalogue is to be read again; reported to one caller. */
  pricesDue: boolean;
}

/** The limits and what else holds for a whole batch; entries with other terms go in other batches. */
export interface Terms {
  /** The limits that are set, by their names in the ledger. */
  limits: Limits;
  /** Whether to decide by fallback prices when the ledger has no price list. */
  withoutPrices: boolean;
}

/** The ledger has no price list yet, and a limit in USD needs one. */
export class PricesMissing extends Error {}

interface Waiting {
  terms: Terms;
  reservation?: Fields;
  settlement?: Settlement;
  triesLeft: number;
  /** Whether to send it by itself, because the database rejected the batch it was in. */
  isAlone: boolean;
  resolve(value: { decision: Decision; report: Report }): void;
  reject(reason: unknown): void;
}

/** The most entries of one call. */
const MAX_BATCH = 200;
/** Up to this size a batch is small: to gather entries for the next one takes longer than it saves. */
const SMALL_BATCH = 8;
/** How long settlements gather after a larger batch, milliseconds. Their callers have the response. */
const GATHER_MS = 10;
const RESERVE_TIMEOUT_MS = 5_000;
/** How long a settlement waits for each of its two attempts. */
const SETTLE_TIMEOUT_MS = 2_000;
/** PostgreSQL's codes for a lock that was not granted in time, and for a deadlock. */
const LOCK_FAILURES = ["55P03", "40P01"];

const queues = new Map<string, Queue>();

/** The queue of a project's ledger. */
export function queueOf(settings: Settings): Queue {
  const name = nameLedger(settings);
  let queue = queues.get(name);
  if (!queue) queues.set(name, queue = new Queue(settings));
  return queue;
}

const nameLedger = perSettings((settings) =>
  JSON.stringify([findInsForgeUrl(settings), settings.API_KEY])
);

/** Resolves when nothing waits in this isolate any more. It never rejects. */
export async function flushLedger(): Promise<void> {
  for (;;) {
    const busy = [...queues.values()].flatMap(({ idle }) => idle ?? []);
    if (busy.length === 0) return;
    await Promise.all(busy);
  }
}

/** Sends what waits to one project's ledger, batch by batch. */
export class Queue {
  readonly #waiting: Waiting[] = [];
  readonly #inFlight = new Set<Waiting[]>();
  /** The number of entries in the batch that ended last. */
  #lastSize = 0;
  /** The next sending: soon, which is within a turn, or when settlements have gathered for a while. */
  #scheduled: { isSoon: boolean; timer?: ReturnType<typeof setTimeout> } | undefined;
  #idle: PromiseWithResolvers<void> | undefined;

  /** Starts empty. */
  constructor(readonly settings: Settings) {}

  /** Resolves when nothing waits in this queue any more; undefined when nothing waits now. */
  get idle(): Promise<void> | undefined {
    return this.#idle?.promise;
  }

  /**
   * Decides whether a request may start.
   *
   * @throws {ApiError} as `callRoutine`; 429 `RATE_LIMITED` when a lock is not granted in time.
   * @throws {PricesMissing} when the ledger has no price list.
   */
  reserve(
    reservation: Fields,
    terms: Terms,
  ): Promise<{ decision: Decision; report: Report }> {
    return this.#add({ reservation, triesLeft: 1 }, terms);
  }

  /**
   * Records what a request cost. It is sent up to twice; the ledger counts it once.
   *
   * @throws {ApiError} as `callRoutine`, when the second attempt fails, too.
   */
  async settle(settlement: Settlement, terms: Terms): Promise<Report> {
    return (await this.#add({ settlement, triesLeft: 2 }, terms)).report;
  }

  #add(entry: Pick<Waiting, "reservation" | "settlement" | "triesLeft">, terms: Terms) {
    const { promise, resolve, reject } = Promise.withResolvers<
      { decision: Decision; report: Report }
    >();
    this.#waiting.push({ ...entry, terms, isAlone: false, resolve, reject });
    this.#idle ??= Promise.withResolvers();
    this.#schedule(entry.reservation !== undefined);
    return promise;
  }

  /**
   * Sends everything that this turn of the event loop adds in one batch. After a large batch it sends in
   * the next turn: the requests that have waited for that batch add their next entries one by one. When
   * only settlements wait, it sends later, because no caller waits for them; a reservation that comes
   * meanwhile takes them along.
   *
   * @param isAwaited whether a request waits for its reservation.
   */
  #schedule(isAwaited: boolean): void {
    if (this.#scheduled && (this.#scheduled.isSoon || !isAwaited)) return;
    clearTimeout(this.#scheduled?.timer);
    const send = () => {
      this.#scheduled = undefined;
      while (this.#maySend()) this.#send(this.#takeBatch());
    };
    if (this.#lastSize > SMALL_BATCH) {
      this.#scheduled = { isSoon: isAwaited, timer: setTimeout(send, isAwaited ? 0 : GATHER_MS) };
    } else {
      this.#scheduled = { isSoon: true };
      queueMicrotask(send);
    }
  }

  /**
   * Whether to send a batch now. A second call beside the one in flight is worth its fixed cost when a
   * request waits for its reservation, and at least as many entries wait as the first call has.
   */
  #maySend(): boolean {
    const [next] = this.#waiting;
    const [first, second] = this.#inFlight;
    if (!next || !first) return next !== undefined;
    return !second && !next.isAlone && this.#waiting.length >= first.length && this.#isAwaited();
  }

  /** Whether a request waits for its reservation. */
  #isAwaited(): boolean {
    return this.#waiting.some(({ reservation }) => reservation !== undefined);
  }

  /** The entries that come first, as long as they may go together. */
  #takeBatch(): [Waiting, ...Waiting[]] {
    const [first] = this.#waiting as [Waiting];
    const end = first.isAlone
      ? 1
      : this.#waiting.findIndex(({ terms, isAlone }) => isAlone || !isSame(terms, first.terms));
    const count = Math.min(MAX_BATCH, end < 0 ? Infinity : end);
    return this.#waiting.splice(0, count) as [Waiting, ...Waiting[]];
  }

  async #send(batch: [Waiting, ...Waiting[]]): Promise<void> {
    this.#inFlight.add(batch);
    const [{ terms }] = batch;
    const reservations = batch.filter(({ reservation }) => reservation !== undefined);
    const settlements = batch.flatMap(({ settlement }) => settlement ?? []);
    try {
      const committed = await callRoutine<Committed>(
        "ai_commit",
        {
          limits: terms.limits,
          reservations: reservations.map(({ reservation }) => reservation),
          ended: settlements.flatMap(({ ended }) => ended ?? []),
          charges: settlements.flatMap(({ charges }) => charges),
          without_prices: terms.withoutPrices,
        },
        this.settings,
        {
          timeoutMs: reservations.length > 0 ? RESERVE_TIMEOUT_MS : SETTLE_TIMEOUT_MS,
          isResult: (value) => isCommitted(value, reservations.length),
        },
      );
      report(batch, reservations, committed);
    } catch (thrown) {
      this.#fail(batch, thrown);
    }
    this.#inFlight.delete(batch);
    this.#lastSize = batch.length;
    if (this.#waiting.length > 0) return this.#schedule(this.#isAwaited());
    if (this.#inFlight.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Sends each entry again by itself when one of them made the database reject the batch. */
  #fail(batch: Waiting[], thrown: unknown): void {
    const code = toDatabaseCode(thrown);
    const isRejected = code !== undefined && !LOCK_FAILURES.includes(code) &&
      !(thrown instanceof ApiError && thrown.code === "INTERNAL_ERROR");
    const again: Waiting[] = [];
    for (const entry of batch) {
      const isSplit = isRejected && batch.length > 1;
      if (!isSplit) entry.triesLeft--;
      if (entry.triesLeft > 0) again.push({ ...entry, isAlone: isSplit || entry.isAlone });
      else entry.reject(code && LOCK_FAILURES.includes(code) ? toBusy(thrown) : thrown);
    }
    this.#waiting.unshift(...again);
  }
}

/** Limits that were read from the same settings are one object. */
function isSame(one: Terms, other: Terms): boolean {
  return one.limits === other.limits && one.withoutPrices === other.withoutPrices;
}

function report(batch: Waiting[], reservations: Waiting[], committed: Committed): void {
  const { decisions, look_ups } = committed;
  let pricesDue = committed.prices_due;
  for (const entry of batch) {
    const mine = entry.settlement?.ended ?? entry.settlement?.charges[0];
    const lookUps = look_ups.filter(({ user_id }) => user_id === mine?.user_id);
    for (const taken of lookUps) look_ups.splice(look_ups.indexOf(taken), 1);
    if (entry.reservation && decisions === "prices_missing") {
      entry.reject(new PricesMissing());
      continue;
    }
    const row = entry.reservation ? decisions[reservations.indexOf(entry)] : undefined;
    entry.resolve({ decision: toDecision(row as DecisionRow), report: { lookUps, pricesDue } });
    pricesDue = false;
  }
}

function toDecision(row: DecisionRow | undefined): Decision {
  if (!row) return { payer: "project" };
  return "key" in row ? { payer: "user", key: row.key } : { payer: "nobody", refusal: row };
}

/** PostgreSQL's or PostgREST's code of a failure; undefined when none of them responded. */
function toDatabaseCode(thrown: unknown): string | undefined {
  const { code } = Object(thrown instanceof ApiError ? thrown.cause : undefined);
  return typeof code === "string" && code !== "" ? code : undefined;
}

function toBusy(cause: unknown): ApiError {
  return new ApiError(429, "RATE_LIMITED", "Too many requests arrive at the same time", {
    retryAfterSeconds: 2,
    nextActions: "Try again in 2 seconds",
    cause,
  });
}
