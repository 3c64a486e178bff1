/** A project's secrets under `/api/secrets`. The platform's own are reserved. */

import { Hono } from "hono";
import type { RequestBody } from "./body.ts";
import type { Callers } from "./caller.ts";
import type { Database, Value } from "./database.ts";
import { Refusal } from "./refusal.ts";

/** The secrets that the functions of a project get. */
export interface Secrets {
  /** Returns the values of all secrets that are active and not expired, by key. */
  values(): Promise<Record<string, string>>;
}

const LISTED = `id, key, is_active as "isActive", is_reserved as "isReserved",
  last_used_at as "lastUsedAt", expires_at as "expiresAt",
  created_at as "createdAt", updated_at as "updatedAt"`;
const VALID = "is_active and (expires_at is null or expires_at > now())";

/**
 * Creates the access to the secrets in the database.
 *
 * @param reserved returns the platform's own. It is called with the first request, because it may
 *   contain a URL that is not known before.
 */
export function createSecrets(database: Database, reserved: () => Record<string, string>): Secrets {
  let seeded: Promise<unknown> | undefined;
  return {
    values: async () => {
      await (seeded ??= seed(database, reserved()));
      const rows = await database.asOwner((session) =>
        session.query<{ key: string; value: string }>(
          `select key, value from system.secrets where ${VALID}`,
        )
      );
      return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
    },
  };
}

function seed(database: Database, reserved: Record<string, string>): Promise<unknown> {
  return database.asOwner((session) =>
    session.query(
      `insert into system.secrets (key, value, is_reserved)
       select key, value, true from json_each_text($1::json)
       on conflict (key) do update set value = excluded.value, is_reserved = true, is_active = true`,
      [JSON.stringify(reserved)],
    )
  );
}

/**
 * Creates the routes for secrets.
 *
 * @param changed called after every change of a value.
 */
export function createSecretRoutes(
  { database, callers, secrets, changed }: {
    database: Database;
    callers: Callers;
    secrets: Secrets;
    changed: () => Promise<unknown>;
  },
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();
  const query = <Row = { id: string; isActive: boolean; isReserved: boolean }>(
    text: string,
    values: Value[] = [],
  ) => database.asOwner((session) => session.query<Row>(text, values));

  routes.use(async (context, next) => {
    await callers.requireAdmin(context.req.raw);
    await secrets.values(); // creates the platform's own
    await next();
  });

  routes.get("/", async (context) => {
    const rows = await query(`select ${LISTED} from system.secrets order by created_at desc, key`);
    return context.json({ secrets: rows });
  });

  routes.get("/:key", async (context) => {
    const { key } = context.req.param();
    const [row] = await query<{ value: string }>(
      `update system.secrets set last_used_at = now() where key = $1 and ${VALID} returning value`,
      [key],
    );
    if (!row) throw unknownSecret(key);
    return context.json({ key, value: row.value });
  });

  routes.post("/", async (context) => {
    const { key, value, isReserved, expiresAt } = context.var.body as Record<string, string>;
    if (!key || !value) {
      throw new Refusal(400, "INVALID_INPUT", "Both key and value are required");
    }
    if (!/^[A-Z0-9_]+$/.test(key)) {
      const message =
        "Invalid key format. Use uppercase letters, numbers, and underscores only (e.g., STRIPE_API_KEY)";
      throw new Refusal(400, "INVALID_INPUT", message);
    }
    const [row] = await query(
      `insert into system.secrets as s (key, value, is_reserved, expires_at)
       values ($1, $2, $3, $4)
       on conflict (key) do update set value = excluded.value, is_reserved = excluded.is_reserved,
         expires_at = excluded.expires_at, is_active = true, updated_at = now()
       where not s.is_active
       returning id`,
      [key, value, Boolean(isReserved), expiresAt || null],
    );
    if (!row) throw new Refusal(409, "SECRET_ALREADY_EXISTS", `Secret already exists: ${key}`);
    await changed();
    const message = `Secret ${key} has been created successfully`;
    return context.json({ success: true, message, id: row.id }, 201);
  });

  routes.put("/:key", async (context) => {
    const { key } = context.req.param();
    const { value, isActive, isReserved, expiresAt } = context.var.body as Record<string, Value>;
    await requireOwn(key, "update");
    await query(
      `update system.secrets set value = coalesce($2, value),
         is_active = coalesce($3::boolean, is_active),
         is_reserved = coalesce($4::boolean, is_reserved),
         expires_at = case when $5::boolean then $6::timestamptz else expires_at end,
         updated_at = now()
       where key = $1`,
      [
        key,
        value ?? null,
        isActive ?? null,
        isReserved ?? null,
        expiresAt !== undefined,
        expiresAt || null,
      ],
    );
    await changed();
    const message = `Secret ${key} has been updated successfully`;
    return context.json({ success: true, message });
  });

  routes.delete("/:key", async (context) => {
    const { key } = context.req.param();
    await requireOwn(key, "delete");
    await query(
      "update system.secrets set is_active = false, updated_at = now() where key = $1",
      [key],
    );
    await changed();
    const message = `Secret ${key} has been deleted successfully`;
    return context.json({ success: true, message });
  });

  async function requireOwn(key: string, verb: string): Promise<void> {
    const [row] = await query(`select ${LISTED} from system.secrets where key = $1`, [key]);
    if (!row) throw unknownSecret(key);
    if (row.isReserved) {
      throw new Refusal(403, "FORBIDDEN", `Cannot ${verb} reserved secret: ${key}`);
    }
  }

  return routes;
}

function unknownSecret(key: string): Refusal {
  return new Refusal(404, "SECRET_NOT_FOUND", `Secret not found: ${key}`);
}
