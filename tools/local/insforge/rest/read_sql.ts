/** A read plan as SQL: one SELECT, with a lateral join for every relation. */

import { columnSql, embedSelectSql } from "./selection_sql.ts";
import { embedSql, filteredEmbed, limitSql, orderSql, whereSql } from "./condition_sql.ts";
import type { Condition } from "./filter.ts";
import type { Embed, ReadPlan } from "./plan.ts";
import { isToOne } from "./relationship.ts";
import { type Binder, column, identifier, inPublic } from "./sql_text.ts";

/** The SELECT of a plan with its relations. */
export function selectSql(plan: ReadPlan, binder: Binder, outer?: Outer): string {
  return `SELECT ${listSql(plan, binder)}${fromSql(plan, plan.embeds, { binder, outer })}` +
    orderSql(plan, binder) + limitSql(plan, binder);
}

/** A SELECT with one row for every row that the plan returns without limit and offset. */
export function countSql(plan: ReadPlan, binder: Binder): string {
  const filtering = plan.embeds.filter((embed) =>
    embed.relation.inner || plan.conditions.some((condition) => mentions(plan, condition, embed))
  );
  return `SELECT 1${fromSql(plan, filtering, { binder })}`;
}

/** The plan around a subquery, and the relation of the subquery. */
interface Outer {
  plan: ReadPlan;
  embed: Embed;
}

function listSql(plan: ReadPlan, binder: Binder): string {
  const items = [
    ...plan.columns.map((item) => columnSql(plan, item, binder)),
    ...plan.embeds.flatMap(embedSelectSql),
  ];
  return items.length === 0 ? column(plan.alias, "*") : items.join(", ");
}

function fromSql(
  plan: ReadPlan,
  embeds: Embed[],
  { binder, outer }: { binder: Binder; outer?: Outer },
): string {
  const junction = outer?.embed.relationship.junction;
  return ` FROM ${plan.source} AS ${identifier(plan.alias)}` +
    (junction ? `, ${inPublic(junction.table)} AS ${identifier(junctionAlias(outer!))}` : "") +
    embeds.map((embed) => joinSql(plan, embed, binder)).join("") +
    whereSql(plan, binder, outer ? linksTo(outer) : []);
}

function joinSql(plan: ReadPlan, embed: Embed, binder: Binder): string {
  const { join, relation, relationship } = embed;
  const rows = selectSql(embed.plan, binder, { plan, embed });
  const kind = relation.inner ? "INNER" : "LEFT";
  const name = identifier(join);
  if (isToOne(relationship)) return ` ${kind} JOIN LATERAL (${rows}) AS ${name} ON true`;
  const list = `SELECT json_agg(${name}) AS rows FROM (${rows}) AS ${name}`;
  const found = relation.inner ? `${embedSql(embed)} IS NOT NULL` : "true";
  return ` ${kind} JOIN LATERAL (${list}) AS ${name} ON ${found}`;
}

function linksTo({ plan, embed }: Outer): string[] {
  const { columns, junction } = embed.relationship;
  const inner = embed.plan.alias;
  if (junction === undefined) {
    return columns.map(([own, other]) => `${column(inner, other)} = ${column(plan.alias, own)}`);
  }
  const between = junctionAlias({ plan, embed });
  return [
    ...junction.columns.map(([own, other]) => `${column(inner, other)} = ${column(between, own)}`),
    ...columns.map(([own, other]) => `${column(between, other)} = ${column(plan.alias, own)}`),
  ];
}

function junctionAlias({ embed }: Outer): string {
  return `${embed.join}_via`;
}

function mentions(plan: ReadPlan, condition: Condition, embed: Embed): boolean {
  return condition.kind === "group"
    ? condition.conditions.some((each) => mentions(plan, each, embed))
    : filteredEmbed(plan, condition) === embed;
}
