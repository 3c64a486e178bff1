/**
 * Who spent what, and may they spend more: a reservation before a request's first paid call, what
 * each call really used, and a settlement at the request's end, in the ledger of `migrations/`.
 */
import type { Call } from "../http/call.ts";
import { Bill, type Charge, type Payment } from "./bill.ts";
import { ApiError } from "../errors.ts";
import { BYTES_PER_TOKEN, type Estimate, estimate, type PaidCall, price } from "./estimate.ts";
import { callRoutine } from "../insforge/admin.ts";
import { readLimits, type Refusal, toRefusal } from "./limits.ts";
import type { Settings } from "../settings.ts";
import { openUserKey } from "../user_keys/user_key.ts";
import { toTokenCount } from "../token_usage.ts";

/** Asks the gateway what a generation came to; nothing while it does not know or cannot say. */
export type LookUp = (
  id: string,
  key?: string,
  signal?: AbortSignal,
) => Promise<Charge | undefined>;

/** What `ai_reserve` answers. */
type Decision =
  | {
    reservation: string;
    usd_per_token: number | null;
    key: string | null;
    unreconciled: { generation_id: string; model: string }[];
    refused?: undefined;
  }
  | Refusal;

/** How long the ledger holds what a request may use; what takes longer counts for no limit. */
export const RESERVATION_MS = 10 * 60_000;
/** How long a settlement waits for what the gateway knows of earlier generations. */
const LOOK_UP_GRACE_MS = 1_000;
/** How long an answer waits for each try: with its deadline, both are less than the 60 s it may take. */
const SETTLE_TIMEOUT_MS = 2_000;
/** How long a ledger that is absent, or out of reach, is left alone where nothing needs it. */
const ABSENT_MS = 60_000;
const UNREACHABLE_MS = 5_000;

/** Requests that pay, by call. */
const tabs = new WeakMap<Call, Tab>();
/** Ledgers that were not there a moment ago, by address. It saves time only. */
const absent = new Map<string, number>();
let noticed = false;

/**
 * Says which paid calls a request comes to, so that its reservation covers them all; to be said before
 * the first. Unsaid it is one.
 *
 * @param sizes bytes of what each of them is about, the first call's first.
 */
export function planCalls(call: Call, sizes: number[]): void {
  const tab = tabOf(call);
  tab.plannedCalls = sizes.length;
  tab.plannedBytes = sizes.reduce((sum, size) => sum + size - sizes[0], 0);
}

/**
 * Makes sure that the caller may spend what a paid call could cost, and finds out on whose key.
 *
 * The first paid call of a request reserves, in one round trip; later ones join in. The request's end
 * settles, in one more. Where no ledger is and no setting needs it, nothing is recorded, and the log
 * says so once.
 *
 * @param lookUp used beside the call for earlier generations whose cost is not known yet.
 * @throws {ApiError} 429 `RATE_LIMITED` or 402 `BILLING_INSUFFICIENT_BALANCE` over a limit, with
 *   `Retry-After`; 403 `AI_INVALID_API_KEY` where the user must connect an account of their own first;
 *   500 `INTERNAL_ERROR` when a setting needs a ledger that is not there, 502 `UPSTREAM_FAILURE` when
 *   it does not answer.
 */
export async function openBill(call: Call, paid: PaidCall, lookUp: LookUp): Promise<Bill> {
  const tab = tabOf(call);
  const expected = estimate(paid, call.settings);
  tab.reservation ??= reserve(call, tab, expected, lookUp);
  return new Bill(call, tab.charges, expected, await tab.reservation);
}

/** One request's reservation and charges. */
class Tab {
  plannedCalls = 1;
  /** By how much all of them are longer than if each were as long as the first. */
  plannedBytes = 0;
  reservation: Promise<Payment> | undefined;
  readonly charges: Charge[] = [];
}

function tabOf(call: Call): Tab {
  let tab = tabs.get(call);
  if (!tab) tabs.set(call, tab = new Tab());
  return tab;
}

async function reserve(
  call: Call,
  tab: Tab,
  expected: Estimate,
  lookUp: LookUp,
): Promise<Payment> {
  const { settings, userId } = call;
  if (!userId) throw new Error("A paid call needs to know who is calling");
  const limits = readLimits(settings);
  const more = tab.plannedBytes / BYTES_PER_TOKEN;
  const need = findNeed(limits, settings);
  const decision = await askLedger(call, need, {
    user_id: userId,
    slug: call.slug,
    model: expected.model,
    tokens: toTokenCount(
      (expected.promptTokens + expected.completionTokens) * tab.plannedCalls + more,
    ),
    usd: expected.usd * tab.plannedCalls + price(more, 0, expected.prices),
    limits: settings.REQUIRE_USER_KEY ? {} : limits, // or a limit would hide that one must connect
    use_key: settings.KEYS_ENCRYPTION_KEY !== undefined || settings.REQUIRE_USER_KEY,
  });
  if (!decision) return {};
  if (decision.refused !== undefined) throw toRefusal(decision);

  const { reservation, unreconciled, usd_per_token } = decision;
  let reconciled: () => Promise<Charge[]> = () => Promise.resolve([]);
  call.atEnd(async () => settle(call, reservation, tab.charges, await reconciled()));
  const key = decision.key === null ? undefined : await openUserKey(decision.key, userId, settings);
  if (!key && settings.REQUIRE_USER_KEY) throw notConnected();
  reconciled = startLookUps(unreconciled.map(({ generation_id }) => generation_id), key, lookUp);
  return { key, usdPerToken: usd_per_token ?? undefined };
}

/** The ledger's decision, or nothing where there is no ledger and no need of one. */
async function askLedger(
  call: Call,
  need: string | undefined,
  question: Record<string, unknown>,
): Promise<Decision | undefined> {
  const { settings } = call;
  const address = settings.INSFORGE_INTERNAL_URL ?? settings.INSFORGE_BASE_URL ?? "";
  if (!need && Date.now() < (absent.get(address) ?? 0)) return undefined;
  try {
    return await callRoutine<Decision>("ai_reserve", question, settings);
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    const isMissing = thrown.code === "INTERNAL_ERROR";
    if (need) throw isMissing ? ledgerMissing(need, thrown) : thrown;
    absent.set(address, Date.now() + (isMissing ? ABSENT_MS : UNREACHABLE_MS));
    if (!isMissing || !noticed) call.log.notice = `Usage is not recorded: ${thrown.message}`;
    noticed ||= isMissing;
    return undefined;
  }
}

/**
 * Never throws: the answer is paid for and on its way, and the reservation expires by itself. It is
 * tried twice, because a charge that is lost is a call for nothing; settling twice changes nothing.
 */
async function settle(
  call: Call,
  reservation: string,
  charges: Charge[],
  reconciled: Charge[],
): Promise<void> {
  const settlement = { reservation, charges, reconciled };
  for (let tries = 2; tries > 0; tries--) {
    try {
      return await callRoutine("ai_settle", settlement, call.settings, SETTLE_TIMEOUT_MS);
    } catch (thrown) {
      if (tries === 1) call.log.notice = "Usage was not settled: " + (thrown as Error).message;
    }
  }
}

/** Starts to look generations up; the function returned waits a moment, then takes what there is. */
function startLookUps(
  ids: string[],
  key: string | undefined,
  lookUp: LookUp,
): () => Promise<Charge[]> {
  const controller = new AbortController();
  const found: Charge[] = [];
  const all = Promise.all(ids.map(async (id) => {
    const charge = await lookUp(id, key, controller.signal);
    if (charge) found.push(charge);
  }));
  return async () => {
    const timer = setTimeout(() => controller.abort(), LOOK_UP_GRACE_MS);
    await all;
    clearTimeout(timer);
    return found;
  };
}

function ledgerMissing(need: string, cause: ApiError): ApiError {
  const message = `The setting ${need} needs the usage ledger. ${cause.message}`;
  return new ApiError(500, "INTERNAL_ERROR", message, { cause });
}

/** The setting for whose sake there must be a ledger, if there is one. */
function findNeed(limits: object, settings: Settings): string | undefined {
  const [limit] = Object.keys(limits);
  if (limit) return limit.toUpperCase();
  if (settings.REQUIRE_USER_KEY) return "REQUIRE_USER_KEY";
  return settings.KEYS_ENCRYPTION_KEY === undefined ? undefined : "KEYS_ENCRYPTION_KEY";
}

function notConnected(): ApiError {
  return new ApiError(403, "AI_INVALID_API_KEY", "This app uses your own OpenRouter account", {
    nextActions: "Connect your OpenRouter account with the function connect, then try again",
  });
}
