/** The administrator's SQL under `/api/database/advance/rawsql`. */

import { Hono } from "hono";
import * as z from "zod/mini";
import { parseBody, type RequestBody } from "./body.ts";
import type { Callers } from "./caller.ts";
import type { Database, Session, Value } from "./database.ts";
import { isDatabaseError, Refusal } from "./refusal.ts";

/** The commands that report how many rows they affected. */
const ROW_COMMANDS = ["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"];

const RawSql = z.object({ query: z.string(), params: z.optional(z.array(z.unknown())) });

/**
 * Creates the routes for raw SQL: the plain one runs as `project_admin`, `/unrestricted` as the owner of
 * the database.
 *
 * @param schemaChanged called after every statement, because any may have changed the schema
 */
export function createRawSqlRoutes(
  { database, callers, schemaChanged }: {
    database: Database;
    callers: Callers;
    schemaChanged: () => void;
  },
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  routes.post("/rawsql", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const { query, params } = parseBody(RawSql, context.var.body);
    const result = await refuseUnparsable(
      database.as({ role: "project_admin" }, (session) => run(session, query, params)),
    );
    schemaChanged();
    return context.json(result);
  });

  routes.post("/rawsql/unrestricted", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const { query, params } = parseBody(RawSql, context.var.body);
    const result = await refuseUnparsable(database.asOwner(async (session) => {
      const result = await run(session, query, params);
      await session.exec("select system.hand_over_public()");
      return result;
    }));
    schemaChanged();
    return context.json(result);
  });

  return routes;
}

async function run(session: Session, query: string, params: unknown[] = []) {
  const results = await session.inspect(query, params.map(toValue));
  const [result, ...others] = results;
  // InsForge returns no rows when there were several statements.
  if (!result || others.length > 0) return { rows: [] };
  const { rows, rowCount, affectedRows, fields, command } = result;
  const counted = rowCount ?? (ROW_COMMANDS.includes(command ?? "") ? affectedRows : null);
  return { rows, rowCount: counted, fields };
}

function toValue(param: unknown): Value {
  return typeof param === "object" && param !== null ? JSON.stringify(param) : param as Value;
}

async function refuseUnparsable<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== "42601") throw error;
    const message = "Query could not be parsed and was rejected for security reasons.";
    throw new Refusal(403, "FORBIDDEN", message);
  }
}
