/** Rows of the app's own tables, read as the calling user. */
import { type Fields, isRowList } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { type Caller, userDb } from "./client.ts";
import { type DataError, toReadError, unavailable } from "./failures.ts";

/** A condition on a column. */
export interface Filter {
  /** The column's name as the database spells it; it is quoted here where that is needed. */
  column: string;
  /**
   * An operator of PostgREST. `is_not` negates `is`; `contains`, `contained_by` and `overlaps` compare
   * arrays and JSON.
   */
  op:
    | "eq"
    | "neq"
    | "gt"
    | "gte"
    | "lt"
    | "lte"
    | "like"
    | "ilike"
    | "is"
    | "is_not"
    | "in"
    | "contains"
    | "contained_by"
    | "overlaps";
  /** A list for `in`. Elsewhere an array stands for a PostgreSQL array and an object for JSON. */
  value: unknown;
}

/** Which rows of one table to read. Names may have any characters but double quotes. */
export interface RowQuery {
  /** The table's name. */
  table: string;
  /** The names of the columns; all of them unless given. */
  columns?: string[];
  /** Conditions that all must hold. */
  filters?: Filter[];
  /** Ascending unless `ascending` is false; in no order unless given. */
  order?: { column: string; ascending?: boolean };
  /** The highest number of rows. */
  limit: number;
}

/** Operators that PostgREST spells otherwise. */
const OPERATORS = new Map<Filter["op"], string>([
  ["is_not", "not.is"],
  ["contains", "cs"],
  ["contained_by", "cd"],
  ["overlaps", "ov"],
]);

/** Query parameters that PostgREST and InsForge do not take for the name of a column. */
const RESERVED = /^(select|columns|order|limit|offset|and|or|on_conflict|schema)$/;

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
  const columns = query.columns?.map(quoteName).join(",") ?? "*";
  let request = db.from(encodeURIComponent(query.table)).select(columns).limit(query.limit);
  for (const { column, op, value } of query.filters ?? []) {
    const operator = OPERATORS.get(op) ?? op;
    request = request.filter(
      quoteName(column),
      operator,
      op === "in" ? toList(value) : toOperand(value),
    );
  }
  if (query.order) {
    const { column, ascending = true } = query.order;
    request = request.order(quoteName(column), { ascending });
  }
  const { data, error, status } = await request;
  if (error) throw toReadError(error as DataError, status, query);
  const rows: unknown = data;
  if (!isRowList(rows)) throw unavailable(rows); // an HTML page of a proxy, or no body
  return rows;
}

/** A name as PostgREST reads it in a query string. Inside quotes no character has a meaning. */
function quoteName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !RESERVED.test(name) ? name : quote(name);
}

/** PostgREST's list, each value quoted: the SDK's own `in()` does not escape quotes in values. */
function toList(values: unknown): string {
  return `(${[values].flat().map(quote).join(",")})`;
}

/** An array becomes a PostgreSQL array literal, an object JSON; anything else stays as it is. */
function toOperand(value: unknown): unknown {
  if (Array.isArray(value)) return `{${value.map(toElement).join(",")}}`;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

function toElement(value: unknown): string {
  if (value === null) return "NULL";
  return Array.isArray(value) ? String(toOperand(value)) : quote(value);
}

function quote(value: unknown): string {
  return `"${String(value).replace(/["\\]/g, "\\$&")}"`;
}
