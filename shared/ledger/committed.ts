/** What the ledger's routine `ai_commit` returns. */
import { isRefusal, type Refusal } from "./limits.ts";

/** A charge that the ledger wants to have looked up. */
export interface DueCharge {
  /** The gateway's id of the generation. */
  generation_id: string;
  /** The user who is charged. */
  user_id: string;
  /** Whether the user's own key paid. */
  own_key: boolean;
}

/** A decision in the ledger's words: null when the project pays. */
export type DecisionRow = null | { key: string } | Refusal;

/** The response of `ai_commit`. */
export interface Committed {
  /** One decision per reservation, in their order. */
  decisions: "prices_missing" | DecisionRow[];
  /** Charges of the users in the batch that are to be looked up. */
  look_ups: DueCharge[];
  /** Whether the price catalogue is to be read again. */
  prices_due: boolean;
}

/** Whether a value is the response of `ai_commit` to so many reservations. */
export function isCommitted(value: unknown, reservations: number): value is Committed {
  const { decisions, look_ups, prices_due } = Object(value) as Record<keyof Committed, unknown>;
  const isDecided = decisions === "prices_missing" ||
    Array.isArray(decisions) && decisions.length >= reservations && decisions.every(isDecision);
  return isDecided && Array.isArray(look_ups) && look_ups.every(isDueCharge) &&
    typeof prices_due === "boolean";
}

function isDecision(value: unknown): value is DecisionRow {
  return value === null || typeof Object(value).key === "string" || isRefusal(value);
}

function isDueCharge(value: unknown): value is DueCharge {
  const { generation_id, user_id, own_key } = Object(value) as Record<keyof DueCharge, unknown>;
  return typeof generation_id === "string" && typeof user_id === "string" &&
    typeof own_key === "boolean";
}
