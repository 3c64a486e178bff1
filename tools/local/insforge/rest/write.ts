/** POST, PUT, PATCH and DELETE on records. */

import type { Database, Identity } from "../database.ts";
import { type Answer, requireAnswer, writeAnswerSql } from "./answer_sql.ts";
import { type Catalog, primaryKey, type Table } from "./catalog.ts";
import type { Form } from "./media.ts";
import { readRows } from "./payload.ts";
import { planSelection, type ReadPlan, restrict } from "./plan.ts";
import { appliedPreferences, type Preferences } from "./preferences.ts";
import type { Query } from "./query.ts";
import { contentRange } from "./range.ts";
import { RestError } from "./rest_error.ts";
import type { RestRequest } from "./rest_request.ts";
import { bodyResponse, emptyResponse, requireSingular } from "./rest_response.ts";
import { asCaller } from "./rest_session.ts";
import { Binder, inPublic, SOURCE } from "./sql_text.ts";
import { type Conflict, deleteSql, insertSql, returningColumns, updateSql } from "./write_sql.ts";

/** A write request. */
export interface Write {
  table: string;
  catalog: Catalog;
  request: RestRequest;
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  body: unknown;
}

const ROW_FORM: Form = { mediaType: "application/json", kind: "object", stripNulls: false };

/** Writes as the caller. The response contains what was requested: the rows, a location, or nothing. */
export async function writeRecords(
  database: Database,
  caller: Identity,
  write: Write,
): Promise<Response> {
  const { request: { preferences, query, form }, catalog, table: name, method } = write;
  const table = catalog.tables.get(name);
  const shown = preferences.return === "representation";
  const located = preferences.return === "headers-only" && method === "POST" &&
    primaryKey(table).length > 0;
  const plan = planSelection(catalog, query, { table: name, source: SOURCE });
  restrict(plan, query, true);
  const returning = shown ? returningColumns(plan, table) : located ? primaryKey(table) : [];

  const binder = new Binder();
  const sql = writeAnswerSql(writeSql(write, { table, returning, binder }), {
    plan: located ? { ...plan, columns: [], embeds: [] } : plan,
    form: shown ? form : located ? ROW_FORM : undefined,
    binder,
  });
  const answer = await asCaller(database, caller, { readOnly: false }, async (session) => {
    const answer = requireAnswer(await session.query<Answer>(sql, binder.values));
    // Thrown inside the transaction, so that a write without the requested response is undone.
    if (shown) requireSingular(answer, form);
    if (method === "PUT" && answer.rows !== 1) {
      const message = "Payload values do not match URL in primary key column(s)";
      throw new RestError(400, "PGRST115", message);
    }
    return answer;
  });

  const status = statusOf(method, { answer, preferences, shown });
  const headers = {
    "content-range": rangeOf(method, answer, preferences),
    "preference-applied": appliedPreferences(preferences, APPLIED[method](query, table)),
    location: located && answer.body ? locationOf(name, JSON.parse(answer.body)) : undefined,
  };
  return shown && answer.body !== null
    ? bodyResponse(answer.body, { form, status, headers })
    : emptyResponse(status, headers);
}

function writeSql(
  { table: name, request: { query, preferences }, method, body }: Write,
  { table, returning, binder }: { table: Table | undefined; returning: string[]; binder: Binder },
): string {
  const target = targetOf(query, { name, table });
  if (method === "DELETE") {
    requireOrderedLimit(target);
    return deleteSql(target, { returning, binder });
  }
  if (method === "PUT") requireWholeKey(target);
  const missingAsDefault = preferences.missing === "default" && method !== "PUT";
  const rows = readRows(body, {
    table,
    named: method === "PUT" ? undefined : query.columns,
    missingAsDefault,
  });
  switch (method) {
    case "POST":
      return insertSql(target, {
        rows,
        conflict: conflictOf(query, preferences, table),
        returning,
        binder,
      });
    case "PUT":
      return insertSql(target, {
        rows,
        conflict: { resolution: "merge-duplicates", columns: primaryKey(table) },
        only: target,
        returning,
        binder,
      });
    case "PATCH":
      requireOrderedLimit(target);
      return updateSql(target, { rows, returning, binder });
  }
}

/** The rows to write: the conditions of the query, without those on relations. */
function targetOf(
  query: Query,
  { name, table }: { name: string; table: Table | undefined },
): ReadPlan {
  const own = <T>(parts: { path: string[]; value: T }[]) =>
    parts.filter(({ path }) => path.length === 0).map(({ value }) => value);
  return {
    source: inPublic(name),
    alias: name,
    table,
    columns: [],
    embeds: [],
    conditions: own(query.conditions),
    order: own(query.orders).at(-1) ?? [],
    limit: own(query.limits).at(-1),
    offset: own(query.offsets).at(-1),
  };
}

function conflictOf(
  query: Query,
  { resolution }: Preferences,
  table: Table | undefined,
): Conflict | undefined {
  return resolution && { resolution, columns: query.onConflict ?? primaryKey(table) };
}

function requireOrderedLimit({ limit, offset, order }: ReadPlan): void {
  if ((limit === undefined && offset === undefined) || order.length > 0) return;
  throw new RestError(400, "PGRST109", "A 'limit' was applied without an explicit 'order'", {
    hint: "Apply an 'order' using unique column(s)",
  });
}

function requireWholeKey({ table, conditions, limit, offset }: ReadPlan): void {
  if (limit !== undefined || offset !== undefined) {
    const message = "limit/offset querystring parameters are not allowed for PUT";
    throw new RestError(400, "PGRST114", message);
  }
  const key = primaryKey(table);
  const named = conditions.map((condition) =>
    condition.kind === "filter" && !condition.negated && condition.operation.kind === "compare" &&
      condition.operation.operator === "eq"
      ? condition.field.name
      : undefined
  );
  if (key.length > 0 && [...key].sort().join() === [...named].sort().join()) return;
  const message = "Filters must include all and only primary key columns with 'eq' operators";
  throw new RestError(405, "PGRST105", message);
}

function statusOf(
  method: Write["method"],
  { answer, preferences, shown }: { answer: Answer; preferences: Preferences; shown: boolean },
): number {
  const inserted = answer.rows - answer.updated;
  switch (method) {
    case "POST":
      return preferences.resolution === "merge-duplicates" && inserted <= 0 ? 200 : 201;
    case "PUT":
      return !shown ? 204 : inserted > 0 ? 201 : 200;
    case "PATCH":
    case "DELETE":
      return shown ? 200 : 204;
  }
}

function rangeOf(
  method: Write["method"],
  { rows }: Answer,
  { count }: Preferences,
): string | undefined {
  const total = count === "exact" || count === "estimated" ? rows : undefined;
  if (method === "PUT") return undefined;
  return method === "PATCH" ? contentRange(0, rows - 1, total) : contentRange(1, 0, total);
}

/** The preferences that each kind of write reports as applied. */
const APPLIED: Record<
  Write["method"],
  (query: Query, table: Table | undefined) => (keyof Preferences)[]
> = {
  POST: ({ onConflict }, table) => {
    const resolvable = onConflict !== undefined || primaryKey(table).length > 0;
    const names: (keyof Preferences)[] = ["missing", "return", "count", "handling"];
    return resolvable ? ["resolution", ...names] : names;
  },
  PUT: () => ["return", "count", "handling"],
  PATCH: () => ["missing", "return", "count", "handling"],
  DELETE: () => ["return", "count", "handling"],
};

function locationOf(table: string, key: Record<string, unknown>): string {
  const filters = Object.entries(key).map(([name, value]) =>
    `${encodeURIComponent(name)}=${
      value === null ? "is.null" : `eq.${encodeURIComponent(String(value))}`
    }`
  );
  return `/${table}?${filters.join("&")}`;
}
