/** What each user and the project may spend, and the errors for requests that may not start. */
import { ApiError, type ErrorCode } from "../errors.ts";
import { perSettings, type Settings } from "../settings.ts";

const SPENT = "BILLING_INSUFFICIENT_BALANCE";

/** A limit, by its name in the ledger: the setting's name in small letters. */
export type Limit =
  | "user_requests_per_minute"
  | "user_tokens_per_day"
  | "user_usd_per_day"
  | "user_usd_per_month"
  | "project_usd_per_day"
  | "project_usd_per_month";

/** The error of each limit that is used up. */
const USED_UP: Record<Limit, [status: number, code: ErrorCode, message: string]> = {
  user_requests_per_minute: [429, "RATE_LIMITED", "You are making requests too quickly"],
  user_tokens_per_day: [429, "RATE_LIMITED", "You have used up today's AI tokens"],
  user_usd_per_day: [402, SPENT, "You have used up today's AI budget"],
  user_usd_per_month: [402, SPENT, "You have used up this month's AI budget"],
  project_usd_per_day: [402, SPENT, "This app has used up today's AI budget"],
  project_usd_per_month: [402, SPENT, "This app has used up this month's AI budget"],
};

/** Why the ledger does not let a request start. */
export type Refusal =
  | { refused: Limit | "in_flight"; retry_after: number }
  /** The request may cost more than is left, both in USD. */
  | { refused: "request_usd"; usd: number; left_usd: number };

/** Whether a value is a refusal that {@link toRefusalError} knows. */
export function isRefusal(value: unknown): value is Refusal {
  const { refused, retry_after, usd, left_usd } = Object(value) as Record<string, unknown>;
  if (refused === "request_usd") return [usd, left_usd].every(Number.isFinite);
  if (typeof refused !== "string" || !Number.isFinite(retry_after)) return false;
  return refused === "in_flight" || Object.hasOwn(USED_UP, refused);
}

/** Limits by their names, in USD, tokens or requests. */
export type Limits = Readonly<Partial<Record<Limit, number>>>;

/** The limits that are set. */
export const readLimits: (settings: Settings) => Limits = perSettings((settings) => {
  const limits: Partial<Record<Limit, number>> = {};
  for (const limit of Object.keys(USED_UP) as Limit[]) {
    const value = settings[limit.toUpperCase() as Uppercase<Limit>];
    if (value !== undefined) limits[limit] = value;
  }
  return limits;
});

/** The error for a refusal: 429 `RATE_LIMITED` or 402 `BILLING_INSUFFICIENT_BALANCE`. */
export function toRefusalError(refusal: Refusal): ApiError {
  if (refusal.refused === "request_usd") {
    const most = toUsdText(refusal.usd, Math.ceil);
    const left = toUsdText(refusal.left_usd, Math.floor);
    return new ApiError(402, SPENT, `This request may cost up to ${most}, and ${left} is left`, {
      nextActions:
        "Ask for less: a lower output limit, a shorter prompt, fewer files or searches, " +
        "or a cheaper model",
    });
  }
  const [status, code, message]: [number, ErrorCode, string] = refusal.refused === "in_flight"
    ? [429, "RATE_LIMITED", "Your requests in progress may use up your remaining limit"]
    : USED_UP[refusal.refused];
  return new ApiError(status, code, message, {
    retryAfterSeconds: refusal.retry_after,
    nextActions: `Try again in ${toWait(refusal.retry_after)}`,
  });
}

/** `$330`, `$1.25`, `$0.062`, `$0.0000013`: cents, and below a dollar two digits that count. */
function toUsdText(usd: number, round: (value: number) => number): string {
  if (!(usd > 0)) return "$0";
  const digits = usd >= 1 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(usd)));
  const scale = 10 ** digits;
  const text = (round(Number((usd * scale).toPrecision(12))) / scale).toFixed(digits);
  return `$${text.replace(/\.?0+$/, "")}`;
}

/** `90 seconds`, `25 minutes`, `8 hours`, `12 days`: rounded up, so that the next try succeeds. */
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
