/** The administration of functions under `/api/functions`. */

import { updateFunctionRequestSchema, uploadFunctionRequestSchema } from "@insforge/shared-schemas";
import { Hono } from "hono";
import type { RequestBody } from "../body.ts";
import type { Callers } from "../caller.ts";
import type { Database, Value } from "../database.ts";
import { isDatabaseError, Refusal } from "../refusal.ts";
import type { Deployer } from "./deployer.ts";
import type { Deployment, FunctionHost } from "./host.ts";
import { createWriteLimit } from "./write_limit.ts";

/** What the routes under `/api/functions` need. */
export interface FunctionServices {
  database: Database;
  callers: Callers;
  deployer: Deployer;
  host: FunctionHost;
  /** The clock of the write limit, in milliseconds. */
  now: () => number;
}

const LISTED = `id, slug, name, description, status,
  created_at as "createdAt", updated_at as "updatedAt", deployed_at as "deployedAt"`;
const WHOLE = `code, ${LISTED}`;

const RESERVED =
  'Reserved slug - "health" is used by the functions runtime and cannot be used as a function slug';

/** The part of a schema published by InsForge that is used here. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: unknown } };
}

/** Creates the routes for functions. */
export function createFunctionRoutes(
  { database, callers, deployer, host, now }: FunctionServices,
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();
  const limit = createWriteLimit(now);
  const query = (text: string, values: Value[] = []) =>
    database.asOwner((session) => session.query(text, values));

  routes.use(async (context, next) => {
    await callers.requireAdmin(context.req.raw);
    await next();
  });

  routes.get("/", async (context) =>
    context.json({
      functions: await query(
        `select ${LISTED} from functions.definitions order by created_at desc`,
      ),
      runtime: { status: "running" },
      deploymentUrl: host.url(),
    }));

  routes.get("/:slug", async (context) => {
    const { slug } = context.req.param();
    const [found] = await query(`select ${WHOLE} from functions.definitions where slug = $1`, [
      slug,
    ]);
    if (!found) throw unknownFunction();
    return context.json(found);
  });

  routes.post("/", limit, async (context) => {
    const { name, code, description, status, ...rest } = parse(
      uploadFunctionRequestSchema,
      context.var.body,
    );
    // InsForge's schema checks a slug that is given, its service one that is made of the name.
    if (isReserved(rest.slug)) {
      throw invalidFields([{ code: "custom", message: RESERVED, path: ["slug"] }]);
    }
    const slug = rest.slug ?? name.toLowerCase().replace(/\s+/g, "-");
    if (isReserved(slug)) throw new Refusal(400, "FUNCTION_SLUG_RESERVED", RESERVED);
    requireServable(code);
    const [created] = await query(
      `insert into functions.definitions (slug, name, description, code, status, deployed_at)
       values ($1, $2, $3, $4, $5::text, case when $5::text = 'active' then now() end)
       returning ${WHOLE}`,
      [slug, name, description || null, code, status],
    ).catch((error) => {
      if (!isDatabaseError(error) || error.code !== "23505") throw error;
      const message = "Function with this slug already exists";
      throw new Refusal(409, "FUNCTION_ALREADY_EXISTS", message);
    });
    const deployment = status === "active" ? await deployer.deploy() : null;
    return context.json(toOutcome(created, deployment), 201);
  });

  routes.put("/:slug", limit, async (context) => {
    const { slug } = context.req.param();
    const changes = parse(updateFunctionRequestSchema, context.var.body);
    if (changes.code !== undefined) requireServable(changes.code);
    const { name = null, description = null, code = null, status = null } = changes;
    const [updated] = await query(
      `update functions.definitions set
         name = coalesce($2, name), description = coalesce($3, description),
         code = coalesce($4, code), status = coalesce($5::text, status), updated_at = now(),
         deployed_at = case when $5::text = 'active' then now() else deployed_at end
       where slug = $1 returning ${WHOLE}`,
      [slug, name, description, code, status],
    );
    if (!updated) throw unknownFunction();
    // The row is written even when the deployment fails, as in InsForge.
    const deployment = code !== null || status !== null ? await deployer.deploy() : null;
    return context.json(toOutcome(updated, deployment));
  });

  routes.delete("/:slug", limit, async (context) => {
    const { slug } = context.req.param();
    const gone = await query("delete from functions.definitions where slug = $1 returning slug", [
      slug,
    ]);
    if (gone.length === 0) throw unknownFunction();
    await deployer.deploy(); // InsForge does not report the result
    return context.json({ success: true, message: `Function ${slug} deleted successfully` });
  });

  return routes;
}

function parse<T>(schema: Schema<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw invalidFields(result.error.issues);
}

function invalidFields(issues: unknown): Refusal {
  return new Refusal(400, "INVALID_INPUT", JSON.stringify(issues));
}

function isReserved(slug: string | undefined): boolean {
  return slug?.toLowerCase() === "health";
}

function requireServable(code: string): void {
  if (!/Deno\.serve\s*\(/.test(code)) return;
  throw new Refusal(
    400,
    "INVALID_INPUT",
    'Function source cannot contain Deno.serve(). Use "export default async function(req: Request)" instead; the router handles serving automatically.',
  );
}

function toOutcome(definition: unknown, deployment: Deployment | null) {
  const success = deployment === null || deployment.status === "success";
  return { success, function: definition, deployment };
}

function unknownFunction(): Refusal {
  return new Refusal(404, "FUNCTION_NOT_FOUND", "Function not found");
}
