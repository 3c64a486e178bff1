/** The number of rows that PostgreSQL expects from its statistics, without counting. */

import type { Session } from "../database.ts";
import type { ReadPlan } from "./plan.ts";
import { countSql } from "./read_sql.ts";
import { Binder } from "./sql_text.ts";

/** Returns the planner's estimate of the rows that match `plan`. */
export async function estimateRows(session: Session, plan: ReadPlan): Promise<number> {
  const binder = new Binder();
  const sql = `EXPLAIN (FORMAT JSON) ${countSql(plan, binder)}`;
  const [row] = await session.query<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>(
    sql,
    binder.values,
  );
  return row!["QUERY PLAN"][0].Plan["Plan Rows"];
}
