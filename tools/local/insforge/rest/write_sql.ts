/** Inserts, updates and deletes as SQL. */

import { type Column, primaryKey, type Table } from "./catalog.ts";
import { limitSql, orderSql, whereSql } from "./condition_sql.ts";
import type { ReadPlan } from "./plan.ts";
import { type Binder, BODY, column, identifier } from "./sql_text.ts";

/** The rows of a write. */
export interface Rows {
  /** The rows as a JSON array. */
  json: string;
  columns: Column[];
  /** Whether a column that a row lacks gets its default instead of null. */
  missingAsDefault: boolean;
}

/** How to handle an existing row, recognised by `columns`. */
export interface Conflict {
  resolution: "merge-duplicates" | "ignore-duplicates";
  columns: string[];
}

/** The setting in which an upsert counts the existing rows. */
export const UPDATED_ROWS = "request.updated_rows";

/**
 * `INSERT … RETURNING …`.
 *
 * @param only conditions that the rows themselves must meet (PUT)
 */
export function insertSql(
  target: ReadPlan,
  { rows, conflict, only, returning, binder }: {
    rows: Rows;
    conflict?: Conflict;
    only?: ReadPlan;
    returning: string[];
    binder: Binder;
  },
): string {
  const names = rows.columns.map(({ name }) => identifier(name)).join(", ");
  const values = rows.columns.map(({ name }) => column(BODY, name)).join(", ");
  return `INSERT INTO ${target.source}${names && ` (${names})`}` +
    ` SELECT ${values} FROM ${rowsSql(rows, binder)}` +
    (only ? whereSql({ ...only, alias: BODY }, binder) : "") +
    (conflict ? conflictSql(conflict, rows.columns) : "") +
    returningSql(target, returning);
}

/** `UPDATE … RETURNING …`: every matching row gets the values of the first row of the body. */
export function updateSql(
  target: ReadPlan,
  { rows, returning, binder }: { rows: Rows; returning: string[]; binder: Binder },
): string {
  if (rows.columns.length === 0) {
    const list = returning.map((name) => column(target.alias, name)).join(", ") || "1";
    return `SELECT ${list} FROM ${target.source} AS ${identifier(target.alias)} WHERE false`;
  }
  const changes = rows.columns.map(({ name }) => `${identifier(name)} = ${column(BODY, name)}`);
  const body = `(SELECT * FROM ${rowsSql(rows, binder)} LIMIT 1) AS ${identifier(BODY)}`;
  return `UPDATE ${target.source} AS ${identifier(target.alias)} SET ${changes.join(", ")}` +
    ` FROM ${body}${matchingSql(target, binder)}${returningSql(target, returning)}`;
}

/** `DELETE … RETURNING …`. */
export function deleteSql(
  target: ReadPlan,
  { returning, binder }: { returning: string[]; binder: Binder },
): string {
  return `DELETE FROM ${target.source} AS ${identifier(target.alias)}` +
    matchingSql(target, binder) + returningSql(target, returning);
}

/** The body as a table with the types of the target, named `BODY`. */
function rowsSql({ json, columns, missingAsDefault }: Rows, binder: Binder): string {
  const given = binder.bind(json);
  const name = identifier(BODY);
  if (columns.length === 0) return `json_array_elements(${given}::json) AS ${name}`;
  const types = columns.map((each) => `${identifier(each.name)} ${each.type}`).join(", ");
  if (!missingAsDefault) return `json_to_recordset(${given}::json) AS ${name}(${types})`;
  const defaults = columns.filter((each) => each.default !== null)
    .map((each) => `${binder.bind(each.name)}::text, ${each.default}`).join(", ");
  const filled =
    `(SELECT jsonb_agg(jsonb_build_object(${defaults}) || element) FROM jsonb_array_elements(${given}::jsonb) AS element)`;
  return `jsonb_to_recordset(${filled}) AS ${name}(${types})`;
}

function conflictSql({ resolution, columns }: Conflict, changed: Column[]): string {
  if (columns.length === 0) return "";
  const target = ` ON CONFLICT (${columns.map(identifier).join(", ")})`;
  if (resolution === "ignore-duplicates" || changed.length === 0) return `${target} DO NOTHING`;
  const changes = changed.map(({ name }) => `${identifier(name)} = excluded.${identifier(name)}`);
  // Counting in a setting needs no privilege on system columns, unlike reading xmax.
  const count = `coalesce(nullif(current_setting('${UPDATED_ROWS}', true), ''), '0')::int + 1`;
  return `${target} DO UPDATE SET ${changes.join(", ")}` +
    ` WHERE set_config('${UPDATED_ROWS}', (${count})::text, true) <> ''`;
}

/** A write with a limit selects rows by `ctid`, which every table has. */
function matchingSql(target: ReadPlan, binder: Binder): string {
  if (target.limit === undefined && target.offset === undefined) return whereSql(target, binder);
  const address = column(target.alias, "ctid");
  return ` WHERE ${address} IN (SELECT ${address} FROM ${target.source} AS ${
    identifier(target.alias)
  }${whereSql(target, binder)}${orderSql(target, binder)}${limitSql(target, binder)})`;
}

/** Without a representation nothing is returned, so that no privilege to read is needed. */
function returningSql(target: ReadPlan, returning: string[]): string {
  const list = returning.map((name) => column(target.alias, name)).join(", ");
  return ` RETURNING ${list || "1"}`;
}

/** The columns that a write or a call must return for `plan`: all, or those selected or joined. */
export function returningColumns(plan: ReadPlan, table?: Table): string[] {
  const selected = plan.columns.map(({ field }) => field.name);
  if (selected.includes("*")) return ["*"];
  const joined = plan.embeds.flatMap(({ relationship }) =>
    relationship.columns.map(([own]) => own)
  );
  return [...new Set([...selected, ...joined, ...primaryKey(table)])];
}
