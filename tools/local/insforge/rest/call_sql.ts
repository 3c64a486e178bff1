/** Function calls as SQL. */

import type { Routine } from "./catalog.ts";
import { type Binder, BODY, column, identifier, inPublic, SOURCE } from "./sql_text.ts";

/** Arguments as JSON: by name, or one value for a function with a single unnamed parameter. */
export type Arguments = { named: Record<string, unknown> } | { whole: unknown };

/** The name of the called function in SQL. PostgreSQL's messages show it. */
const CALL = "pgrst_call";

/** Whether a function returns plain values, not rows with columns. */
export function isScalar(routine: Routine): boolean {
  return !routine.returnsRow;
}

/**
 * Returns the statement of a call. A plain value is the column `value`.
 *
 * @param columns the columns that the call returns; filters and orders can use no others. `*` is all.
 */
export function callSql(
  routine: Routine,
  given: Arguments,
  { binder, columns = ["*"] }: { binder: Binder; columns?: string[] },
): string {
  const { from, list } = argumentsSql(routine, given, binder);
  const call = `${inPublic(routine.name)}(${list})`;
  if (isScalar(routine)) return `SELECT ${call} AS value${from && ` FROM ${from}`}`;
  const returned = columns.map((name) => column(CALL, name)).join(", ");
  return `SELECT ${returned} FROM ${from && `${from}, LATERAL `}${call} AS ${identifier(CALL)}`;
}

/** The statement for a function of plain values. The body is the value, or an array for a set. */
export function scalarAnswerSql(routine: Routine, call: string): string {
  const list = `json_agg(${SOURCE}.value)`;
  const body = routine.returnsSet ? `coalesce(${list}, '[]')` : `coalesce(${list} -> 0, 'null')`;
  return `WITH ${SOURCE} AS (${call})` +
    ` SELECT count(*) AS rows, NULL::bigint AS total, 0 AS updated, ${body}::text AS body FROM ${SOURCE}`;
}

/** PostgreSQL reads the arguments from JSON, so that a list can become an array or a vector. */
function argumentsSql(
  { parameters }: Routine,
  given: Arguments,
  binder: Binder,
): { from: string; list: string } {
  if ("whole" in given) {
    return {
      from: "",
      list: `${binder.bind(JSON.stringify(given.whole))}::${parameters[0]?.type}`,
    };
  }
  const used = parameters.filter(({ name }) => Object.hasOwn(given.named, name));
  if (used.length === 0) return { from: "", list: "" };
  const types = used.map(({ name, type }) => `${identifier(name)} ${type}`).join(", ");
  const json = binder.bind(JSON.stringify(given.named));
  const list = used.map(({ name, variadic }) =>
    `${variadic ? "VARIADIC " : ""}${identifier(name)} := ${column(BODY, name)}`
  );
  return { from: `json_to_record(${json}::json) AS ${BODY}(${types})`, list: list.join(", ") };
}
