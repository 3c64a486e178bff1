/** Which rows of a result are asked for, and how an answer says which it has. */

import type { Query } from "./query.ts";
import { RestError } from "./rest_error.ts";

/**
 * Joins the `Range` header into the query's own limit and offset; only GET has ranges by header.
 *
 * @throws {RestError} 416 `PGRST103` for a range that cannot be
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

/** `0-9/57`: first and last row and the number of all; a star for what is empty or not known. */
export function contentRange(first: number, last: number, total?: number | null): string {
  const rows = first <= last && total !== 0 ? `${first}-${last}` : "*";
  return `${rows}/${total ?? "*"}`;
}

/**
 * 206 for a part of what was counted, otherwise 200.
 *
 * @throws {RestError} 416 `PGRST103` when the offset lies behind the last row
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
