/** The query string of a records or rpc request, parsed but not yet matched with the schema. */

import {
  type Condition,
  parseFieldPath,
  parseFilter,
  parseGroup,
  parseGroupKey,
  scanFilter,
} from "./filter.ts";
import { parseName, skipBlanks } from "./field.ts";
import { type OrderTerm, parseOrder } from "./order.ts";
import { Scanner } from "./scanner.ts";
import { parseSelect, type SelectItem } from "./select.ts";

/** A part of the query and the relation that it belongs to. An empty path is the table itself. */
export interface Placed<T> {
  path: string[];
  value: T;
}

/** A parsed query string. */
export interface Query {
  select: SelectItem[];
  conditions: Placed<Condition>[];
  orders: Placed<OrderTerm[]>[];
  limits: Placed<number>[];
  offsets: Placed<number>[];
  /** The columns to use of the body; absent means those of its first object. */
  columns?: string[];
  onConflict?: string[];
  /** Arguments of a function called with GET. */
  arguments: Record<string, string>;
}

/**
 * Parses a query string.
 *
 * @param withArguments whether a parameter without an operator is an argument (rpc called with GET)
 * @throws {RestError} 400 `PGRST100` for the first parameter that cannot be parsed
 */
export function parseQuery(parameters: URLSearchParams, withArguments = false): Query {
  const query: Query = {
    select: parseSelect(parameters.get("select") || "*"),
    conditions: [],
    orders: [],
    limits: [],
    offsets: [],
    arguments: {},
  };
  const columns = parameters.get("columns");
  if (columns !== null) query.columns = parseNames(columns, "columns parameter");
  const onConflict = parameters.get("on_conflict");
  if (onConflict !== null) query.onConflict = parseNames(onConflict, "on_conflict parameter");

  for (const [key, value] of parameters) {
    // InsForge forwards a repeated `key` as `key[]`, which PostgREST takes for the name of a column.
    const isRepeated = parameters.getAll(key).length > 1;
    switch (isRepeated ? undefined : key.split(".").at(-1)) {
      case "select":
      case "columns":
      case "on_conflict":
        break;
      case "order":
        query.orders.push({ path: pathOf(key), value: parseOrder(value) });
        break;
      case "limit":
        addInteger(query.limits, key, value);
        break;
      case "offset":
        addInteger(query.offsets, key, value);
        break;
      case "and":
      case "or": {
        const [path, negated, join] = parseGroupKey(key);
        query.conditions.push({ path, value: parseGroup(join, negated, value) });
        break;
      }
      default: {
        const [path, field] = parseFieldPath(key);
        const filter = withArguments ? scanFilter(field, value) : parseFilter(field, value);
        if (filter) query.conditions.push({ path, value: filter });
        else query.arguments[isRepeated ? `${key}[]` : key] = value;
      }
    }
  }
  return query;
}

function pathOf(key: string): string[] {
  return parseFieldPath(key)[0];
}

/** PostgREST ignores a limit or an offset that is not an integer. */
function addInteger(places: Placed<number>[], key: string, text: string): void {
  if (/^-?\d+$/.test(text)) places.push({ path: pathOf(key), value: Number(text) });
}

function parseNames(text: string, context: string): string[] {
  const scanner = new Scanner(text, context);
  const names: string[] = [];
  do {
    skipBlanks(scanner);
    names.push(parseName(scanner));
    skipBlanks(scanner);
  } while (scanner.take(","));
  return names;
}
