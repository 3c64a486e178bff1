/** The requested range of rows, and the range in the response. */

import type { Query } from "./query.ts";
import { RestError } from "./rest_error.ts";

/**
 * Combines the `Range` header with the limit and offset of the query. Only GET has the header.
 *
 * @throws {RestError} 416 `PGRST103` for an impossible range
 */
export function applyRange(query: Query, request: Request): void {
  const limit = query.limits.find(({ path }) => path.length === 0);
  if (limit && limit.value < 0) {
    throw notSatisfiable("Limit should be greater than or equal to zero.");
  }
  const header = request.method === "GET" ? request.headers.get("range") : null;
  const range = /^(?:items=)?(\d+)-(\d*)$/.exec(header ?? "");
  if (!range) return;
  const [first, last] = [Number(range[1]), range[2] === "" ? Infinity : Number(range[2])];
  if (last < first) {
    throw notSatisfiable(
      "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
    );
  }
  const offset = query.offsets.find(({ path }) => path.length === 0);
  const start = Math.max(first, offset?.value ?? 0);
  const end = Math.min(last + 1, (offset?.value ?? 0) + (limit?.value ?? Infinity));
  query.offsets = [...query.offsets.filter((each) => each !== offset), { path: [], value: start }];
  query.limits = query.limits.filter((each) => each !== limit);
  if (end !== Infinity) query.limits.push({ path: [], value: Math.max(0, end - start) });
}

/** Returns `0-9/57`: first row, last row and total. A star stands for an empty or unknown part. */
export function contentRange(first: number, last: number, total?: number | null): string {
  const rows = first <= last && total !== 0 ? `${first}-${last}` : "*";
  return `${rows}/${total ?? "*"}`;
}

/**
 * Returns 206 for a part of the counted rows, otherwise 200.
 *
 * @throws {RestError} 416 `PGRST103` when the offset is after the last row
 */
export function rangeStatus(
  { offset, rows, total }: { offset: number; rows: number; total: number | null },
): number {
  if (total === null) return 200;
  if (offset > total) {
    throw notSatisfiable(`An offset of ${offset} was requested, but there are only ${total} rows.`);
  }
  return rows < total ? 206 : 200;
}

function notSatisfiable(details: string): RestError {
  return new RestError(416, "PGRST103", "Requested range not satisfiable", { details });
}
