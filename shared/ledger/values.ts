/** Text that the ledger's tables accept, whatever a request or a response says. */

const MAX_NAME_CHARS = 200;

/**
 * A name for the ledger, at most 200 characters; empty when `value` is not a string.
 *
 * PostgreSQL rejects NUL and unpaired surrogates, and a rejected row would be an unrecorded call.
 */
export function toLedgerName(value: unknown): string {
  if (typeof value !== "string") return "";
  return value.slice(0, MAX_NAME_CHARS).toWellFormed().replaceAll("\0", "\ufffd");
}
