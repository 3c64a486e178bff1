/** `/api/database/records/<table>`: rows read and written in PostgREST's dialect. */

import { Hono } from "hono";
import type { RequestBody } from "../body.ts";
import type { Callers } from "../caller.ts";
import type { Database, Identity, Session } from "../database.ts";
import { type Answer, readAnswerSql, requireAnswer } from "./answer_sql.ts";
import type { Catalog, CatalogReader } from "./catalog.ts";
import { estimateRows } from "./estimate.ts";
import { planRead } from "./plan.ts";
import { appliedPreferences } from "./preferences.ts";
import { contentRange, rangeStatus } from "./range.ts";
import { RestError } from "./rest_error.ts";
import { readRestRequest, requireIdentifier, type RestRequest } from "./rest_request.ts";
import { bodyResponse, requireSingular } from "./rest_response.ts";
import { asCaller } from "./rest_session.ts";
import { Binder } from "./sql_text.ts";
import { writeRecords } from "./write.ts";

/** What records and rpc need. */
export interface RestServices {
  database: Database;
  callers: Callers;
  catalog: CatalogReader;
}

/** Creates the routes for the rows of every table, under the caller's role and policies. */
export function createRecordRoutes(
  { database, callers, catalog }: RestServices,
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  routes.all("/:table", async (context) => {
    const request = context.req.raw;
    const caller = await callers.requireCaller(request);
    const table = requireIdentifier(context.req.param("table"), "table");
    const known = await catalog.read();
    switch (request.method) {
      case "GET":
      case "HEAD":
        return await readRecords(database, caller, {
          table,
          catalog: known,
          request: readRestRequest(request),
        });
      case "POST":
      case "PUT":
      case "PATCH":
      case "DELETE":
        return await writeRecords(database, caller, {
          table,
          catalog: known,
          request: readRestRequest(request),
          method: request.method,
          body: context.var.body,
        });
      default:
        throw new RestError(405, "PGRST117", `Unsupported HTTP method: ${request.method}`);
    }
  });

  return routes;
}

async function readRecords(
  database: Database,
  caller: Identity,
  { table, catalog, request }: { table: string; catalog: Catalog; request: RestRequest },
): Promise<Response> {
  const { preferences, form, headersOnly } = request;
  const plan = planRead(catalog, request.query, { table });
  const answer = await asCaller(database, caller, { readOnly: true }, async (session) => {
    const binder = new Binder();
    const counted = preferences.count === "exact" || preferences.count === "estimated";
    const sql = readAnswerSql(plan, { form: headersOnly ? undefined : form, counted, binder });
    const answer = requireAnswer(await session.query<Answer>(sql, binder.values));
    return { ...answer, total: await totalOf(session, answer) };
  });

  async function totalOf(session: Session, { total }: Answer): Promise<number | null> {
    const guessed = preferences.count === "planned" || preferences.count === "estimated";
    return guessed ? Math.max(total ?? 0, await estimateRows(session, plan)) : total;
  }

  requireSingular(answer, form);
  const offset = plan.limit === 0 ? 0 : plan.offset ?? 0;
  const { rows, total, body } = answer;
  return bodyResponse(body ?? "[]", {
    form: headersOnly ? { ...form, kind: "list" } : form,
    status: rangeStatus({ offset, rows, total }),
    headers: {
      "content-range": contentRange(offset, offset + rows - 1, total),
      "preference-applied": appliedPreferences(preferences, ["count", "handling"]),
    },
  });
}
