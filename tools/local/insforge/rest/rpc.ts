/** `/api/database/rpc/<function>`: functions called in PostgREST's dialect. */

import { Hono } from "hono";
import type { RequestBody } from "../body.ts";
import { type Answer, callAnswerSql, requireAnswer } from "./answer_sql.ts";
import { type Arguments, callSql, isScalar, scalarAnswerSql } from "./call_sql.ts";
import type { Catalog, Routine } from "./catalog.ts";
import { planRead } from "./plan.ts";
import { appliedPreferences } from "./preferences.ts";
import { contentRange, rangeStatus } from "./range.ts";
import type { RestServices } from "./records.ts";
import { RestError } from "./rest_error.ts";
import { readRestRequest, requireIdentifier, type RestRequest } from "./rest_request.ts";
import { bodyResponse, emptyResponse, requireSingular } from "./rest_response.ts";
import { asCaller } from "./rest_session.ts";
import { findRoutine, takesWholeBody } from "./routine.ts";
import { Binder, SOURCE } from "./sql_text.ts";
import { returningColumns } from "./write_sql.ts";

/** Creates the routes for every function. A function called with GET must not write. */
export function createRpcRoutes({ database, callers, catalog }: RestServices): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  routes.all("/:function", async (context) => {
    const { raw: request, method } = context.req;
    const caller = await callers.requireCaller(request);
    const name = requireIdentifier(context.req.param("function"), "function");
    const posted = method === "POST";
    if (!posted && method !== "GET" && method !== "HEAD") {
      throw new RestError(405, "PGRST101", `Cannot use the ${method} method on RPC`);
    }
    if (posted && !isJson(request)) throw unacceptableBody(name, request);
    const rest = readRestRequest(request, !posted);
    const named = posted ? toNamed(context.var.body) : rest.query.arguments;
    const known = await catalog.read();
    const routine = findRoutine(known, name, { given: Object.keys(named), posted });
    const given = takesWholeBody(routine) ? { whole: context.var.body } : { named };
    const { sql, binder, offset } = toStatement(routine, given, { rest, catalog: known });

    const answer = await asCaller(database, caller, { readOnly: !posted }, async (session) => {
      const answer = requireAnswer(await session.query<Answer>(sql, binder.values));
      requireSingular(answer, rest.form);
      return answer;
    });
    const { rows, total, body } = answer;
    const status = rangeStatus({ offset, rows, total });
    const headers = {
      "content-range": contentRange(offset, offset + rows - 1, total),
      "preference-applied": appliedPreferences(rest.preferences, ["params", "count", "handling"]),
    };
    if (routine.returnsVoid) return emptyResponse(204, headers);
    return bodyResponse(body ?? "null", { form: rest.form, status, headers });
  });

  return routes;
}

function isJson(request: Request): boolean {
  const mediaType = request.headers.get("content-type") ?? "application/json";
  return /^application\/(json|x-www-form-urlencoded)\b/i.test(mediaType);
}

/** PostgREST passes text and bytes to a function with one parameter without a name, and only to it. */
function unacceptableBody(name: string, request: Request): RestError {
  const mediaType = request.headers.get("content-type")!.split(";")[0]!.trim();
  const parameter = { "text/plain": "text", "application/octet-stream": "bytea" }[mediaType];
  if (parameter === undefined) {
    return new RestError(400, "PGRST102", `Content-Type not acceptable: ${mediaType}`);
  }
  const fault = `the function public.${name} with a single unnamed ${parameter} parameter`;
  return new RestError(404, "PGRST202", `Could not find ${fault} in the schema cache`, {
    details: `Searched for ${fault}, but no matches were found in the schema cache.`,
  });
}

/** PostgREST uses the first element of an array. */
function toNamed(body: unknown): Record<string, unknown> {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  return typeof first === "object" && first !== null ? { ...first } : {};
}

function toStatement(
  routine: Routine,
  given: Arguments,
  { rest, catalog }: { rest: RestRequest; catalog: Catalog },
): { sql: string; binder: Binder; offset: number } {
  const binder = new Binder();
  if (isScalar(routine)) {
    return {
      sql: scalarAnswerSql(routine, callSql(routine, given, { binder })),
      binder,
      offset: 0,
    };
  }
  const plan = planRead(catalog, rest.query, {
    table: routine.table ?? routine.name,
    source: SOURCE,
  });
  const call = callSql(routine, given, { binder, columns: returningColumns(plan) });
  const form = rest.form.kind === "list" && !routine.returnsSet
    ? { ...rest.form, kind: "object" as const }
    : rest.form;
  const counted = rest.preferences.count === "exact" || rest.preferences.count === "estimated";
  return {
    sql: callAnswerSql(call, { plan, form, counted, binder }),
    binder,
    offset: plan.limit === 0 ? 0 : plan.offset ?? 0,
  };
}
