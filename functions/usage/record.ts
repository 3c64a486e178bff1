/** A user's own numbers, as the ledger has them. */
import { callRoutine } from "../../shared/insforge/admin.ts";
import { type Limit, readLimits } from "../../shared/ledger/limits.ts";
import type { Settings } from "../../shared/settings.ts";

/** What was used. */
export interface UsageSum {
  /** Those that reached a model; refused ones are left out. */
  requests: number;
  /** Tokens of the requests. */
  prompt_tokens: number;
  /** Tokens of the responses. */
  completion_tokens: number;
  /** What the project paid; of days with `own_key` what the user did. */
  usd: number;
}

/** What was used on one day with one model. */
export interface UsageDay extends UsageSum {
  /** UTC, `2026-11-21`. */
  day: string;
  /** The model that was used. */
  model: string;
  /** Whether the user's own OpenRouter account paid, which counts for no limit. */
  own_key: boolean;
}

/** What a user may use; what is not limited is left out. */
export interface UsageLimits {
  /** Calls of models per minute. */
  requests_per_minute?: number;
  /** Tokens of requests and responses per day. */
  tokens_per_day?: number;
  /** USD per day. */
  usd_per_day?: number;
  /** USD per month. */
  usd_per_month?: number;
}

/** What a user has used, and may use. */
export interface UsageAnswer {
  /** Since midnight UTC, as limits count it. */
  today: UsageSum;
  /** Since the first of the month, UTC. */
  month: UsageSum;
  /** 31 days, newest first. */
  days: UsageDay[];
  /** The limits that apply to the user. */
  limits: UsageLimits;
}

/**
 * Reads what a user has used. What ended a moment ago is estimated where OpenRouter has not said what
 * it cost.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` where there is no ledger, naming what is missing; 502
 *   `UPSTREAM_FAILURE` when it does not answer.
 */
export async function readUsageRecord(userId: string, settings: Settings): Promise<UsageAnswer> {
  const used = await callRoutine<Omit<UsageAnswer, "limits">>(
    "ai_usage",
    { user_id: userId },
    settings,
  );
  return { ...used, limits: toUserLimits(readLimits(settings)) };
}

/** The limits of each user; the project's are nobody else's business. */
function toUserLimits(limits: Partial<Record<Limit, number>>): UsageLimits {
  const own = Object.entries(limits).filter(([name]) => name.startsWith("user_"));
  return Object.fromEntries(own.map(([name, value]) => [name.replace("user_", ""), value]));
}
