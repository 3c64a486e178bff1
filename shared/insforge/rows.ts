/** Rows of the app's own tables, read as the calling user. */
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { type Caller, userDb } from "./client.ts";
import { type DataError, toReadError, unavailable } from "./failures.ts";

/** One condition on a column, with an operator of PostgREST. */
export interface Filter {
  column: string;
  op: "eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "like" | "ilike" | "is" | "in";
  value: unknown;
}

/** Which rows of one table to read. Names are identifiers, checked before they come here. */
export interface RowQuery {
  table: string;
  columns?: string[];
  filters?: Filter[];
  order?: { column: string; ascending?: boolean };
  limit: number;
}

/**
 * Reads at most `limit` rows that the calling user may see. Rows hidden by row-level security are
 * absent; that is not an error.
 *
 * @returns the rows, in the order that was asked for.
 * @throws {ApiError} 400 `INVALID_INPUT` when a table or column does not exist or a value does not
 *   fit its column; 403 `FORBIDDEN` when the user may not read the table; 401 `AUTH_UNAUTHORIZED`
 *   when InsForge rejects the token; 502 `UPSTREAM_FAILURE` when InsForge does not respond or fails.
 * @see https://docs.postgrest.org/en/v12/references/api/tables_views.html
 */
export async function readRows(
  caller: Caller,
  query: RowQuery,
  settings: Settings,
): Promise<Fields[]> {
  const db = await userDb(caller, settings);
  let request = db.from(query.table).select(query.columns?.join(",") ?? "*").limit(query.limit);
  for (const { column, op, value } of query.filters ?? []) {
    request = request.filter(column, op, op === "in" ? toList(value as unknown[]) : value);
  }
  if (query.order) {
    request = request.order(query.order.column, { ascending: query.order.ascending ?? true });
  }
  const { data, error, status } = await request;
  if (error) throw toReadError(error as DataError, status, query);
  if (!Array.isArray(data)) throw unavailable(data); // an HTML page of a proxy, or no body
  return data as unknown as Fields[];
}

/** PostgREST's list, each value quoted: the SDK's own `in()` leaves quotes in values unescaped. */
function toList(values: unknown[]): string {
  return `(${values.map((value) => `"${String(value).replace(/["\\]/g, "\\$&")}"`).join(",")})`;
}
