/** What each user and the project may spend, as the settings say it, and what is said above. */
import { ApiError, type ErrorCode } from "../errors.ts";
import type { Settings } from "../settings.ts";

const SPENT = "BILLING_INSUFFICIENT_BALANCE";

/** Each limit by its name in the ledger, its setting's in small letters: how its refusal reads. */
const REFUSALS = {
  user_requests_per_minute: [429, "RATE_LIMITED", "You are making requests too quickly"],
  user_tokens_per_day: [429, "RATE_LIMITED", "You have used up today's AI tokens"],
  user_usd_per_day: [402, SPENT, "You have used up today's AI budget"],
  user_usd_per_month: [402, SPENT, "You have used up this month's AI budget"],
  project_usd_per_day: [402, SPENT, "This app has used up today's AI budget"],
  project_usd_per_month: [402, SPENT, "This app has used up this month's AI budget"],
} satisfies Record<string, [status: number, code: ErrorCode, message: string]>;

/** A limit, by its name in the ledger. */
export type Limit = keyof typeof REFUSALS;

/** The ledger's no: which limit, for how many seconds, and whether calls under way may be all of it. */
export interface Refusal {
  refused: Limit;
  retry_after: number;
  in_flight: boolean;
}

/** The limits that are set. */
export function readLimits(settings: Settings): Partial<Record<Limit, number>> {
  const limits: Partial<Record<Limit, number>> = {};
  for (const limit of Object.keys(REFUSALS) as Limit[]) {
    const value = settings[limit.toUpperCase() as Uppercase<Limit>];
    if (value !== undefined) limits[limit] = value;
  }
  return limits;
}

/** The error for a caller above a limit: 429 `RATE_LIMITED` or 402 `BILLING_INSUFFICIENT_BALANCE`. */
export function toRefusal({ refused, retry_after, in_flight }: Refusal): ApiError {
  const [status, code, message]: [number, ErrorCode, string] = in_flight
    ? [429, "RATE_LIMITED", "Your requests under way may use up what is left of a limit"]
    : REFUSALS[refused];
  return new ApiError(status, code, message, {
    retryAfterSeconds: retry_after,
    nextActions: `Try again in ${toWait(retry_after)}`,
  });
}

/** `90 seconds`, `25 minutes`, `8 hours`, `12 days`: rounded up, so that nobody comes back too early. */
function toWait(seconds: number): string {
  const [unit, unitSeconds] = seconds <= 120
    ? ["second", 1]
    : seconds <= 7_200
    ? ["minute", 60]
    : seconds <= 172_800
    ? ["hour", 3_600]
    : ["day", 86_400];
  const count = Math.ceil(seconds / unitSeconds);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
