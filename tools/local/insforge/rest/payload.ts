/** The rows and columns in the body of a write. */

import type { Column, Table } from "./catalog.ts";
import { RestError, UnknownTable } from "./rest_error.ts";
import type { Rows } from "./write_sql.ts";

/** Types that have an empty text. For all others, InsForge drops an empty text before the write. */
const TEXT_TYPES = ["text", "character varying", "character", "citext"];

/**
 * Reads the rows of a body.
 *
 * @param named the `columns` parameter; absent means that every row must have the keys of the first
 * @throws {RestError} 400 `PGRST102` for rows with different keys, 400 `PGRST204` for an unknown
 *   column, 404 for an unknown table
 */
export function readRows(
  body: unknown,
  { table, named, missingAsDefault }: {
    table: Table | undefined;
    named?: string[];
    missingAsDefault: boolean;
  },
): Rows {
  const rows = (Array.isArray(body) ? body : [body]).map((row) => withoutBlanks(row, table));
  const names = named ?? sharedKeys(rows);
  const columns = [...new Set(names)].sort().map((name) => requireColumn(table, name));
  return { json: JSON.stringify(rows), columns, missingAsDefault };
}

function requireColumn(table: Table | undefined, name: string): Column {
  if (table === undefined) throw new UnknownTable();
  const column = table.columns.find((each) => each.name === name);
  if (column) return column;
  throw new RestError(
    400,
    "PGRST204",
    `Column '${name}' of relation '${table.name}' does not exist`,
  );
}

function withoutBlanks(row: unknown, table: Table | undefined): unknown {
  if (!isRecord(row)) return row;
  return Object.fromEntries(
    Object.entries(row).filter(([name, value]) => {
      if (value !== "") return true;
      const type = table?.columns.find((column) => column.name === name)?.base ?? "";
      return TEXT_TYPES.includes(type);
    }),
  );
}

function sharedKeys(rows: unknown[]): string[] {
  const keys = rows.map((row) => isRecord(row) ? Object.keys(row) : undefined);
  const [first] = keys;
  const alike = keys.every((each) =>
    each && first && new Set(each).symmetricDifference(new Set(first)).size === 0
  );
  if (!alike) throw new RestError(400, "PGRST102", "All object keys must match");
  return first ?? [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
