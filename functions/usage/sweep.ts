/** Looks up the cost of generations that had to be estimated when their request ended. */
import type { Charge } from "../../shared/ledger/charge.ts";
import { mapConcurrently } from "../../shared/concurrency.ts";
import { callRoutine } from "../../shared/insforge/admin.ts";
import { getGeneration } from "../../shared/openrouter/generation.ts";
import type { Settings } from "../../shared/settings.ts";
import { readUserKey } from "../../shared/user_keys/user_key.ts";

/** The outcome of a sweep. */
export interface SweepAnswer {
  /** Estimates that were replaced by the real cost. */
  reconciled: number;
  /** Estimates whose cost is not known yet; they are looked up again, ten times in all. */
  pending: number;
}

/** An estimate from `ai_sweep`. */
interface Due {
  generation_id: string;
  user_id: string;
  /** The user's own sealed key, if the user's account paid. */
  key: string | null;
}

const MAX_CHARGES = 100;
const CONCURRENCY = 8;
/** Estimates that are not looked up by then stay pending: self-hosted functions have 60 s. */
const DEADLINE_MS = 40_000;

/**
 * Corrects up to 100 estimates of all users. The ledger gives each estimate to one sweep at a time.
 *
 * @throws {ApiError} as `callRoutine`.
 */
export async function sweep(settings: Settings): Promise<SweepAnswer> {
  const due = await callRoutine("ai_sweep", { max: MAX_CHARGES }, settings, {
    isResult: isDueList,
  });
  const reconciled = await lookUpAll(due, settings);
  if (reconciled.length > 0) await callRoutine("ai_reconcile", { reconciled }, settings);
  return { reconciled: reconciled.length, pending: due.length - reconciled.length };
}

function isDueList(value: unknown): value is Due[] {
  return Array.isArray(value) && value.every((due) => {
    const { generation_id, user_id, key } = Object(due) as Due;
    const isKey = key === null || typeof key === "string";
    return isKey && typeof generation_id === "string" && typeof user_id === "string";
  });
}

async function lookUpAll(due: Due[], settings: Settings): Promise<Charge[]> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), DEADLINE_MS);
  try {
    const look = (charge: Due) => lookUp(charge, settings, controller.signal);
    const found = await mapConcurrently(due, CONCURRENCY, look);
    return found.filter((charge) => charge !== undefined);
  } finally {
    clearTimeout(timer);
  }
}

async function lookUp(
  { generation_id, user_id, key }: Due,
  settings: Settings,
  signal: AbortSignal,
): Promise<Charge | undefined> {
  if (key === null) return await getGeneration(generation_id, settings, { signal });
  // Without the setting the key cannot be opened; other charges are still looked up.
  if (!settings.KEYS_ENCRYPTION_KEY) return undefined;
  const opened = await readUserKey(key, user_id, settings);
  return opened && await getGeneration(generation_id, settings, { key: opened.text, signal });
}
