/** The statement around a read, a write or a call: it counts rows and creates the response body. */

import type { Form } from "./media.ts";
import type { ReadPlan } from "./plan.ts";
import { countSql, selectSql } from "./read_sql.ts";
import { type Binder, PAGE, SOURCE } from "./sql_text.ts";
import { UPDATED_ROWS } from "./write_sql.ts";

/** The one row that such a statement returns. */
export interface Answer {
  /** Rows on this page, or changed by the write. */
  rows: number;
  /** All rows that match the conditions; null when they were not counted. */
  total: number | null;
  /** Existing rows that an upsert updated. */
  updated: number;
  body: string | null;
}

/** Returns the row of such a statement, which always has exactly one. */
export function requireAnswer([answer]: Answer[]): Answer {
  if (!answer) throw new Error("The statement returned no row");
  return answer;
}

/** How the result of a read is returned. */
export interface ReadOptions {
  /** Absent means no body. */
  form: Form | undefined;
  counted: boolean;
  binder: Binder;
}

/** Returns the statement for the page that `plan` selects. */
export function readAnswerSql(plan: ReadPlan, options: ReadOptions): string {
  return `WITH ${pageSql(plan, options)}`;
}

/** As `readAnswerSql`, for the rows that `call` returns. `call` runs exactly once. */
export function callAnswerSql(
  call: string,
  { plan, ...options }: ReadOptions & { plan: ReadPlan },
): string {
  return `WITH ${SOURCE} AS MATERIALIZED (${call}), ${pageSql(plan, options)}`;
}

function pageSql(plan: ReadPlan, { form, counted, binder }: ReadOptions): string {
  const total = counted
    ? `(SELECT count(*) FROM (${countSql(plan, binder)}) AS counted)`
    : "NULL::bigint";
  return `${PAGE} AS (${selectSql(plan, binder)})` +
    ` SELECT count(*) AS rows, ${total} AS total, 0 AS updated,` +
    ` ${form ? bodySql(form) : "NULL"} AS body FROM ${PAGE}`;
}

/**
 * Returns the statement for what `plan` selects from the rows of `write`. `write` runs exactly once.
 *
 * @param form absent means no body
 */
export function writeAnswerSql(
  write: string,
  { plan, form, binder }: { plan: ReadPlan; form: Form | undefined; binder: Binder },
): string {
  const updated = `coalesce(nullif(current_setting('${UPDATED_ROWS}', true), ''), '0')::int`;
  const page = form ? `, ${PAGE} AS (${selectSql(plan, binder)})` : "";
  return `WITH ${SOURCE} AS (${write})${page}` +
    ` SELECT (SELECT count(*) FROM ${SOURCE}) AS rows, NULL::bigint AS total,` +
    ` ${form ? `(SELECT ${bodySql(form)} FROM ${PAGE})` : "NULL"} AS body, ${updated} AS updated`;
}

/** The whole page as one text: an array, its first element, or comma-separated values. */
export function bodySql({ kind, stripNulls }: Form): string {
  const list = `coalesce(json_agg(${PAGE}), '[]')`;
  const json = stripNulls ? `json_strip_nulls(${list})` : list;
  switch (kind) {
    case "list":
      return `${json}::text`;
    case "object":
      return `(${json} -> 0)::text`;
    case "csv":
      return `(SELECT string_agg(name, ',') FROM json_object_keys((SELECT row_to_json(${PAGE}) FROM ${PAGE} LIMIT 1)) AS name)` +
        ` || E'\\n' || string_agg(substring(${PAGE}::text, 2, length(${PAGE}::text) - 2), E'\\n')`;
  }
}
