/** A project's migrations under `/api/database/migrations`: each is applied once, in order. */

import { createMigrationRequestSchema } from "@insforge/shared-schemas";
import { Hono } from "hono";
import type { RequestBody } from "./body.ts";
import type { Callers } from "./caller.ts";
import type { Database, Session } from "./database.ts";
import { isDatabaseError, Refusal } from "./refusal.ts";
import { findGuardFault, splitStatements } from "./sql_statements.ts";

const COLUMNS = 'version, name, statements, created_at as "createdAt"';
const NEWEST_FIRST =
  `select ${COLUMNS} from system.custom_migrations order by version::numeric desc`;

/**
 * Creates the routes for migrations.
 *
 * @param schemaChanged called after every applied migration.
 */
export function createMigrationRoutes(
  { database, callers, schemaChanged }: {
    database: Database;
    callers: Callers;
    schemaChanged: () => void;
  },
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  routes.use(async (context, next) => {
    await callers.requireAdmin(context.req.raw);
    await next();
  });

  routes.get("/", async (context) => {
    const migrations = await database.asOwner((session) => session.query(NEWEST_FIRST));
    return context.json({ migrations });
  });

  routes.post("/", async (context) => {
    const { version, name, sql } = parseMigration(context.var.body);
    const statements = splitStatements(sql).map(({ text }) => text);
    if (statements.length === 0) {
      const message = "Migration SQL must contain at least one statement.";
      throw new Refusal(400, "INVALID_INPUT", message);
    }
    const fault = findGuardFault(sql);
    if (fault) throw new Refusal(403, "FORBIDDEN", fault);

    const migration = await refuseUnparsable(database.asOwner(async (session) => {
      await requireNewest(session, version);
      await session.exec("set local search_path to public; set local role project_admin");
      await session.exec(sql);
      await session.exec("reset role");
      const [row] = await session.query(
        `insert into system.custom_migrations (version, name, statements)
         values ($1, $2, array(select json_array_elements_text($3::json))) returning ${COLUMNS}`,
        [version, name, JSON.stringify(statements)],
      );
      return row;
    }));
    schemaChanged();
    return context.json({ ...migration, message: "Migration executed successfully" }, 201);
  });

  return routes;
}

function parseMigration(body: unknown): { version: string; name: string; sql: string } {
  const result = createMigrationRequestSchema.safeParse(body);
  if (result.success) return result.data;
  const { issues } = result.error;
  const message = issues.length === 1
    ? issues[0]!.message
    : issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join(", ");
  throw new Refusal(400, "INVALID_INPUT", message);
}

async function requireNewest(session: Session, version: string): Promise<void> {
  const [newest] = await session.query<{ version: string }>(`${NEWEST_FIRST} limit 1`);
  if (!newest || BigInt(version) > BigInt(newest.version)) return;
  const message = "Migration version must be newer than the latest applied migration.";
  throw new Refusal(409, "DATABASE_MIGRATION_ALREADY_EXISTS", message);
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
