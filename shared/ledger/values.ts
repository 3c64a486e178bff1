/**
 * Values as the ledger can hold them, whatever a request or an answer says: what a database refuses
 * would be a call without a bill.
 */

const MAX_COUNT = 2 ** 31 - 1;
const MAX_USD = 1e9;
const MAX_NAME_CHARS = 200;

/** A whole number of tokens; what is none, or below zero, is 0. */
export function toCount(value: unknown): number {
  const count = toNumber(value);
  return count > 0 && count < Infinity ? Math.min(MAX_COUNT, Math.round(count)) : 0;
}

/** An amount of USD; nothing for what is none. */
export function toUsd(value: unknown): number | undefined {
  const usd = toNumber(value);
  return usd >= 0 && usd <= MAX_USD ? usd : undefined;
}

/** A name, 200 characters at most; what is no text is empty. */
export function toName(value: unknown): string {
  if (typeof value !== "string") return "";
  // PostgreSQL takes neither NUL nor half a character.
  return value.slice(0, MAX_NAME_CHARS).toWellFormed().replaceAll("\0", "\ufffd");
}

function toNumber(value: unknown): number {
  return typeof value === "number" || typeof value === "string" && value ? Number(value) : NaN;
}
