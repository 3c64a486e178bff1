/** Reservations and settlements of calls, and when the ledger is asked at all. */
import type { Call } from "../http/call.ts";
import type { RecordedCharge } from "./charge.ts";
import { ApiError } from "../errors.ts";
import type { Expected } from "./estimate.ts";
import { callRoutine } from "../insforge/admin.ts";
import { findInsForgeUrl } from "../insforge/client.ts";
import { readLimits, toRefusalError } from "./limits.ts";
import { queueOf, type Report, type Terms } from "./queue.ts";
import { perSettings, type Settings } from "../settings.ts";
import { toTokenCount } from "../token_usage.ts";

/** A request that may start. */
export interface Reserved {
  /** The id of the reservation, under which it is settled. */
  id: string;
  /** The user's own key, sealed as it is stored, when it pays instead of the project's key. */
  sealedKey?: string;
  /** Whether the ledger holds something that the settlement must release. */
  isHeld: boolean;
  /** What the ledger reported with the reservation. */
  pricesDue: boolean;
  /** The limits that it was decided by. */
  terms: Terms;
  /** What its calls have been charged so far. */
  charges: RecordedCharge[];
}

/** How long the ledger holds what a request may use. */
export const RESERVATION_MS = 10 * 60_000;
const NO_LIMITS = {};
/** How long a ledger that is missing or unreachable is not called again when no setting needs it. */
const ABSENT_MS = 60_000;
const UNREACHABLE_MS = 5_000;
const RECONCILE_TIMEOUT_MS = 2_000;

/** Until when each ledger is not called, by URL. */
const absent = new Map<string | undefined, number>();
let noticed = false;

/**
 * Reserves what a request may use. The ledger is asked only when a limit is set or users may pay with
 * keys of their own; otherwise nothing can be refused, and the settlement alone records the usage.
 *
 * @param options.counts whether it counts for the limit of requests per minute.
 * @param options.withoutPrices decides by fallback prices when the ledger has no price list.
 * @throws {ApiError} as `openBills`.
 * @throws {PricesMissing} when a limit in USD is set and the ledger has no price list.
 */
export async function reserve(
  call: Call,
  expected: Expected[],
  { counts, withoutPrices }: { counts: boolean; withoutPrices: boolean },
): Promise<Reserved> {
  const { settings, userId } = call;
  const [first] = expected;
  if (!userId || !first) throw new Error("A paid call needs a user who pays and a request");
  // A limit must not hide that the user has to connect an account first.
  const limits = settings.REQUIRE_USER_KEY ? NO_LIMITS : readLimits(settings);
  const useKey = settings.KEYS_ENCRYPTION_KEY !== undefined || settings.REQUIRE_USER_KEY;
  const isLimited = Object.keys(limits).length > 0;
  const terms = { limits, withoutPrices };
  const reserved = { id: crypto.randomUUID(), isHeld: false, pricesDue: false, terms, charges: [] };
  if (!isLimited && !useKey) return reserved;

  const reservation = {
    id: reserved.id,
    user_id: userId,
    slug: toLabel(call),
    model: first.model,
    use_key: useKey,
    counts,
    ...(isLimited ? toHold(expected) : { tokens: 0, usd: 0 }),
  };
  try {
    const { decision, report } = await queueOf(settings).reserve(reservation, terms);
    const { pricesDue } = report;
    switch (decision.payer) {
      case "nobody":
        throw toRefusalError(decision.refusal);
      case "user":
        return { ...reserved, sealedKey: decision.key, pricesDue };
      case "project":
        if (settings.REQUIRE_USER_KEY) throw notConnected();
        return { ...reserved, isHeld: isLimited, pricesDue };
    }
  } catch (thrown) {
    throw isMissing(thrown) ? ledgerMissing(findNeed(settings).setting, thrown) : thrown;
  }
}

/** What the ledger counts a call by: the function, and the assistant that answered, `chat:support`. */
function toLabel({ slug, assistant }: Call): string {
  return assistant === undefined ? slug : `${slug}:${assistant}`;
}

/** What the ledger is to hold for calls together. */
function toHold(expected: Expected[]) {
  const estimates = expected.map(({ estimate }) => estimate);
  const parts = estimates.flatMap(({ parts }) => parts);
  const tokens = parts.reduce(
    (sum, { prompt_tokens, completion_tokens }) => sum + prompt_tokens + completion_tokens,
    0,
  );
  const extra_usd = estimates.reduce((sum, { extraUsd }) => sum + extraUsd, 0);
  return { tokens: toTokenCount(tokens), parts, extra_usd, ...estimates[0]?.fallback };
}

/**
 * Whether a call's usage is recorded: the project has a ledger, or a setting needs one. What is noticed
 * is that `API_KEY` is missing; whether the database has the ledger shows when it is called.
 */
export function isRecorded({ settings, log }: Pick<Call, "settings" | "log">): boolean {
  if (findNeed(settings).setting !== undefined) return true;
  if (settings.API_KEY) return Date.now() >= (absent.get(findInsForgeUrl(settings)) ?? 0);
  if (!noticed) log.notice = "Usage is not recorded: The setting API_KEY is missing";
  noticed = true;
  return false;
}

/**
 * Records what a request cost and releases what was held for it. It never throws, because the response
 * has already been paid for and delivered.
 *
 * @returns what the ledger reports; nothing to do when it could not be reached.
 */
export async function settle(call: Call, reserved: Reserved): Promise<Report> {
  const { id, isHeld, sealedKey, terms, charges } = reserved;
  const { settings, log } = call;
  const userId = call.userId!;
  const nothing: Report = { lookUps: [], pricesDue: false };
  const isNeeded = isHeld || findNeed(settings).setting !== undefined;
  if (!isHeld && charges.length === 0) return nothing;
  const url = findInsForgeUrl(settings);
  if (!isNeeded && Date.now() < (absent.get(url) ?? 0)) return nothing;
  const own_key = sealedKey !== undefined;
  const about = { reservation: id, user_id: userId, slug: toLabel(call), own_key };
  try {
    const settlement = {
      ended: isHeld ? { id, user_id: userId } : undefined,
      charges: charges.map((charge, number) => ({ ...charge, ...about, number })),
    };
    return await queueOf(settings).settle(settlement, terms);
  } catch (thrown) {
    const { message } = thrown as Error;
    if (isNeeded) log.notice = `Usage was not settled: ${message}`;
    else {
      absent.set(url, Date.now() + (isMissing(thrown) ? ABSENT_MS : UNREACHABLE_MS));
      if (!isMissing(thrown) || !noticed) log.notice = `Usage is not recorded: ${message}`;
      noticed ||= isMissing(thrown);
    }
    return nothing;
  }
}

/**
 * Replaces estimates by the gateway's records of their generations.
 *
 * @throws {ApiError} as `callRoutine`.
 */
export async function reconcile(
  charges: { generation_id: string | null }[],
  settings: Settings,
): Promise<void> {
  if (charges.length === 0) return;
  const options = { timeoutMs: RECONCILE_TIMEOUT_MS };
  await callRoutine("ai_reconcile", { reconciled: charges }, settings, options);
}

function isMissing(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.code === "INTERNAL_ERROR";
}

function ledgerMissing(need: string | undefined, cause: ApiError): ApiError {
  const message = `The setting ${need} needs the usage ledger. ${cause.message}`;
  return new ApiError(500, "INTERNAL_ERROR", message, { cause });
}

/** The setting that needs a ledger, if any. */
const findNeed = perSettings((settings): { setting?: string } => {
  if (settings.REQUIRE_USER_KEY) return { setting: "REQUIRE_USER_KEY" };
  const [limit] = Object.keys(readLimits(settings));
  if (limit) return { setting: limit.toUpperCase() };
  return { setting: settings.KEYS_ENCRYPTION_KEY && "KEYS_ENCRYPTION_KEY" };
});

function notConnected(): ApiError {
  // Chat UIs recognize this failure by the words "API key not found".
  const message = "OpenRouter API key not found: this app uses your own OpenRouter account";
  return new ApiError(403, "AI_INVALID_API_KEY", message, {
    nextActions: "Connect your OpenRouter account with the function connect, then try again",
  });
}
