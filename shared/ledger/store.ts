/** The ledger's routines in the project's database: reservations, settlements, corrections. */
import type { Call } from "../http/call.ts";
import type { Charge } from "./charge.ts";
import { ApiError } from "../errors.ts";
import { BYTES_PER_TOKEN, type Estimate, price } from "./estimate.ts";
import { callRoutine } from "../insforge/admin.ts";
import { readLimits, type Refusal, toRefusal } from "./limits.ts";
import type { Settings } from "../settings.ts";
import { toTokenCount } from "../token_usage.ts";

/** A generation to look up at the gateway. */
export interface LookUp {
  generationId: string;
  /** The key of the user's own account, sealed as it is stored, when that account paid. */
  sealedKey?: string;
}

/** A reservation that was granted. */
export interface Reservation {
  id: string;
  sealedKey?: string;
  usdPerToken?: number;
  lookUps: LookUp[];
}

/** The response of `ai_reserve`. */
type Decision =
  | {
    reservation: string;
    usd_per_token: number | null;
    key: string | null;
    unreconciled: { generation_id: string; model: string }[];
    refused?: undefined;
  }
  | Refusal;

/** How long the ledger holds what a request may use. */
export const RESERVATION_MS = 10 * 60_000;
/** How long a settlement waits for each of its two attempts. */
const SETTLE_TIMEOUT_MS = 2_000;
/** How long a ledger that is missing or unreachable is not called again when no setting needs it. */
const ABSENT_MS = 60_000;
const UNREACHABLE_MS = 5_000;

/** Until when each ledger is not called, by URL. */
const absent = new Map<string, number>();
let noticed = false;

/**
 * Reserves what a request may use.
 *
 * @param sizes bytes of each call that the request will make, when it announced them.
 * @returns undefined when the ledger is missing and no setting needs it.
 * @throws {ApiError} as `openBills`.
 */
export async function reserve(
  call: Call,
  expected: Estimate[],
  sizes: number[],
): Promise<Reservation | undefined> {
  const { settings, userId } = call;
  if (!userId) throw new Error("A paid call needs to know who is calling");
  const limits = readLimits(settings);
  const [first] = expected;
  if (!first) throw new Error("There is no paid call to reserve for");
  const sum = (of: (one: Estimate) => number) => expected.reduce((sum, one) => sum + of(one), 0);
  const times = Math.max(1, sizes.length);
  const more = sizes.reduce((sum, size) => sum + size - sizes[0]!, 0) / BYTES_PER_TOKEN;
  const decision = await askLedger(call, findNeed(limits, settings), {
    user_id: userId,
    slug: call.slug,
    model: first.model,
    tokens: toTokenCount(
      sum(({ promptTokens, completionTokens }) => promptTokens + completionTokens) * times + more,
    ),
    usd: sum(({ usd }) => usd) * times + price(more, 0, first.prices),
    limits: settings.REQUIRE_USER_KEY ? {} : limits, // a limit must not hide that a key is missing
    use_key: settings.KEYS_ENCRYPTION_KEY !== undefined || settings.REQUIRE_USER_KEY,
  });
  if (!decision) return undefined;
  if (decision.refused !== undefined) throw toRefusal(decision);
  const { reservation, unreconciled, usd_per_token } = decision;
  const sealedKey = decision.key ?? undefined;
  if (!sealedKey && settings.REQUIRE_USER_KEY) {
    await settle(call, reservation, []);
    throw notConnected();
  }
  return {
    id: reservation,
    sealedKey,
    usdPerToken: usd_per_token ?? undefined,
    lookUps: unreconciled.map(({ generation_id }) => ({ generationId: generation_id, sealedKey })),
  };
}

/** The ledger's decision; undefined when there is no ledger and no setting needs it. */
async function askLedger(
  call: Call,
  need: string | undefined,
  question: Record<string, unknown>,
): Promise<Decision | undefined> {
  const { settings } = call;
  const url = settings.INSFORGE_INTERNAL_URL ?? settings.INSFORGE_BASE_URL ?? "";
  if (!need && Date.now() < (absent.get(url) ?? 0)) return undefined;
  try {
    return await callRoutine<Decision>("ai_reserve", question, settings);
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    const isMissing = thrown.code === "INTERNAL_ERROR";
    if (need) throw isMissing ? ledgerMissing(need, thrown) : thrown;
    absent.set(url, Date.now() + (isMissing ? ABSENT_MS : UNREACHABLE_MS));
    if (!isMissing || !noticed) call.log.notice = `Usage is not recorded: ${thrown.message}`;
    noticed ||= isMissing;
    return undefined;
  }
}

/**
 * Records what a request's generations cost and releases what was held. It never throws, because the
 * response is already paid for. It tries twice; settling twice changes nothing.
 */
export async function settle(call: Call, reservation: string, charges: Charge[]): Promise<void> {
  const settlement = { reservation, charges, reconciled: [] };
  for (let tries = 2; tries > 0; tries--) {
    try {
      return await callRoutine("ai_settle", settlement, call.settings, SETTLE_TIMEOUT_MS);
    } catch (thrown) {
      if (tries === 1) call.log.notice = "Usage was not settled: " + (thrown as Error).message;
    }
  }
}

/**
 * Replaces estimates by the gateway's records of their generations.
 *
 * @throws {ApiError} as `callRoutine`.
 */
export async function reconcile(charges: Charge[], settings: Settings): Promise<void> {
  if (charges.length === 0) return;
  await callRoutine("ai_reconcile", { reconciled: charges }, settings, SETTLE_TIMEOUT_MS);
}

function ledgerMissing(need: string, cause: ApiError): ApiError {
  const message = `The setting ${need} needs the usage ledger. ${cause.message}`;
  return new ApiError(500, "INTERNAL_ERROR", message, { cause });
}

/** The setting that needs a ledger, if any. */
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
