/** A selection matched with the schema: tables, joins and conditions. */

import type { Catalog, Table } from "./catalog.ts";
import type { Condition } from "./filter.ts";
import type { OrderTerm } from "./order.ts";
import type { Placed, Query } from "./query.ts";
import { findRelationship, isToOne, type Relationship } from "./relationship.ts";
import { RestError } from "./rest_error.ts";
import type { SelectedColumns, SelectedRelation, SelectItem } from "./select.ts";
import { inPublic } from "./sql_text.ts";

/** One table of a selection with its relations. */
export interface ReadPlan {
  /** The source of the rows, as SQL. */
  source: string;
  /** The alias of the rows in SQL. It appears in PostgreSQL's messages. */
  alias: string;
  /** Absent when the schema has no such table. PostgreSQL then reports it. */
  table?: Table;
  columns: SelectedColumns[];
  embeds: Embed[];
  conditions: Condition[];
  order: OrderTerm[];
  limit?: number;
  offset?: number;
}

/** A selected relation. */
export interface Embed {
  /** The name of the relation in the response. */
  key: string;
  /** The name of the joined subquery in SQL. */
  join: string;
  relation: SelectedRelation;
  relationship: Relationship;
  plan: ReadPlan;
}

/** The source of a selection. */
export interface Root {
  table: string;
  /** The result of a write or a call, as SQL; absent means the table itself. */
  source?: string;
}

/**
 * Plans what `query` selects from `root`, without its conditions, orders and limits.
 *
 * @throws {RestError} `PGRST200`, `PGRST201` for relations, `PGRST119` for a spread to-many relation
 */
export function planSelection(catalog: Catalog, query: Query, root: Root): ReadPlan {
  const name = { source: root.source ?? inPublic(root.table), alias: root.table };
  return planTable(catalog, query.select, { ...name, table: root.table, depth: 0 });
}

/** As `planSelection`, with everything else the query says about the rows. */
export function planRead(catalog: Catalog, query: Query, root: Root): ReadPlan {
  const plan = planSelection(catalog, query, root);
  restrict(plan, query);
  return plan;
}

/**
 * Adds conditions, orders and limits to the tables that they name.
 *
 * @param embeddedOnly leaves out those of the root, which a write has applied already
 * @throws {RestError} 400 `PGRST108` for a relation that is not selected, `PGRST118` for an order by
 *   a to-many relation
 */
export function restrict(plan: ReadPlan, query: Query, embeddedOnly = false): void {
  const places = <T>(parts: Placed<T>[]) =>
    parts.filter(({ path }) => !embeddedOnly || path.length > 0)
      .map(({ path, value }) => [locate(plan, path), value] as const);
  for (const [target, condition] of places(query.conditions)) target.conditions.push(condition);
  for (const [target, limit] of places(query.limits)) target.limit = limit;
  for (const [target, offset] of places(query.offsets)) target.offset = offset;
  for (const [target, terms] of places(query.orders)) {
    target.order = terms;
    for (const { relation } of terms) if (relation !== undefined) requireToOne(target, relation);
  }
}

function planTable(
  catalog: Catalog,
  items: SelectItem[],
  { source, alias, table, depth }: { source: string; alias: string; table: string; depth: number },
): ReadPlan {
  const columns = items.filter((item) => item.kind === "column");
  const relations = items.filter((item) => item.kind === "relation");
  return {
    source,
    alias,
    table: catalog.tables.get(table),
    columns,
    embeds: relations.map((relation, index) =>
      planEmbed(catalog, relation, { table, depth: depth + 1, index })
    ),
    conditions: [],
    order: [],
  };
}

function planEmbed(
  catalog: Catalog,
  relation: SelectedRelation,
  { table, depth, index }: { table: string; depth: number; index: number },
): Embed {
  const relationship = findRelationship(catalog, table, {
    target: relation.name,
    hint: relation.hint,
  });
  const { to } = relationship;
  if (relation.spread && !isToOne(relationship)) {
    throw new RestError(
      400,
      "PGRST119",
      `A spread operation on '${relation.name}' is not possible`,
      { details: notToOne(table, relation.name) },
    );
  }
  return {
    key: relation.alias ?? relation.name,
    join: `${to}_${depth}_${index}`,
    relation,
    relationship,
    plan: planTable(catalog, relation.items, {
      source: inPublic(to),
      alias: `${to}_${depth}`,
      table: to,
      depth,
    }),
  };
}

function locate(plan: ReadPlan, path: string[]): ReadPlan {
  return path.reduce((current, name) => findEmbed(current, name).plan, plan);
}

/** Finds a relation of `plan` by its name in the request. @throws {RestError} 400 `PGRST108` */
export function findEmbed(plan: ReadPlan, name: string): Embed {
  const found = plan.embeds.find(({ key, relation }) => name === key || name === relation.name);
  if (found) return found;
  throw new RestError(
    400,
    "PGRST108",
    `'${name}' is not an embedded resource in this request`,
    { hint: `Verify that '${name}' is included in the 'select' query parameter.` },
  );
}

function requireToOne(plan: ReadPlan, name: string): void {
  const { relationship } = findEmbed(plan, name);
  if (isToOne(relationship)) return;
  throw new RestError(400, "PGRST118", `A related order on '${name}' is not possible`, {
    details: notToOne(plan.alias, name),
  });
}

function notToOne(from: string, to: string): string {
  return `'${from}' and '${to}' do not form a many-to-one or one-to-one relationship`;
}
