/** A user's own usage, from the ledger. */
import { callRoutine } from "../../shared/insforge/admin.ts";
import { type Limit, readLimits } from "../../shared/ledger/limits.ts";
import { flushLedger } from "../../shared/ledger/queue.ts";
import type { Settings } from "../../shared/settings.ts";

/** Usage in a period. */
export interface UsageSum {
  /** Requests that reached a model; refused requests are left out. */
  requests: number;
  /** Tokens of the requests. */
  prompt_tokens: number;
  /** Tokens of the responses. */
  completion_tokens: number;
  /** What the project paid; in entries with `own_key`, what the user paid. */
  usd: number;
  /** The part of `usd` that is an estimate, which OpenRouter has not confirmed; absent for 0. */
  unconfirmed_usd?: number;
}

/** Usage on one day with one model. */
export interface UsageDay extends UsageSum {
  /** UTC, `2026-11-21`. */
  day: string;
  /** The model that was used. */
  model: string;
  /** Whether the user's own OpenRouter account paid; such usage does not count towards limits. */
  own_key: boolean;
}

/** Usage on one day of one assistant. */
export interface AssistantDay extends UsageSum {
  /** UTC, `2026-11-21`. */
  day: string;
  /** The assistant that answered. */
  assistant: string;
  /** Whether the user's own OpenRouter account paid; such usage does not count towards limits. */
  own_key: boolean;
}

/** A user's limits; limits that are not set are left out. */
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

/** A user's usage and limits. */
export interface UsageAnswer {
  /** Since midnight UTC, counted as the limits count. */
  today: UsageSum;
  /** Since the first of the month, UTC. */
  month: UsageSum;
  /** 31 days, newest first. */
  days: UsageDay[];
  /** The part of 31 days that assistants answered, newest first; absent without any. */
  assistants?: AssistantDay[];
  /** The limits that apply to the user. */
  limits: UsageLimits;
}

/**
 * Reads a user's usage, after everything that waits in this isolate is recorded. It contains estimates
 * for calls whose cost OpenRouter has not stated yet.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` that names what is missing when there is no ledger, 502
 *   `UPSTREAM_FAILURE` when the ledger does not respond.
 */
export async function readUsageRecord(userId: string, settings: Settings): Promise<UsageAnswer> {
  await flushLedger();
  const { today, month, days, assistants = [] } = await callRoutine<Omit<UsageAnswer, "limits">>(
    "ai_usage",
    { user_id: userId },
    settings,
    { isResult: isRecord },
  );
  return {
    today: withoutZero(today),
    month: withoutZero(month),
    days: days.map(withoutZero),
    // A ledger without the latest migration does not count assistants.
    ...assistants.length > 0 && { assistants: assistants.map(withoutZero) },
    limits: toUserLimits(readLimits(settings)),
  };
}

function isRecord(value: unknown): value is Omit<UsageAnswer, "limits"> {
  const { today, month, days, assistants = [] } = Object(value) as Record<string, unknown>;
  if (!Array.isArray(days) || !Array.isArray(assistants)) return false;
  return [today, month, ...days, ...assistants].every(isSum);
}

function isSum(value: unknown): value is UsageSum {
  const { requests, prompt_tokens, completion_tokens, usd } = Object(value) as UsageSum;
  return [requests, prompt_tokens, completion_tokens, usd].every(Number.isFinite);
}

/** Leaves `unconfirmed_usd` out when everything is confirmed. */
function withoutZero<Sum extends UsageSum>({ unconfirmed_usd, ...sum }: Sum) {
  return unconfirmed_usd ? { ...sum, unconfirmed_usd } : sum;
}

/** The limits of each user, without those of the project, which users do not see. */
function toUserLimits(limits: Partial<Record<Limit, number>>): UsageLimits {
  const own = Object.entries(limits).filter(([name]) => name.startsWith("user_"));
  return Object.fromEntries(own.map(([name, value]) => [name.replace("user_", ""), value]));
}
