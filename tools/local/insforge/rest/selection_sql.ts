/** The entries of a SELECT list: columns with their names in the response, relations as JSON. */

import { embedSql, fieldSql } from "./condition_sql.ts";
import type { Embed, ReadPlan } from "./plan.ts";
import { isToOne } from "./relationship.ts";
import type { SelectedColumns } from "./select.ts";
import { type Binder, column, identifier } from "./sql_text.ts";

/** One column, or all columns. */
export function columnSql(plan: ReadPlan, item: SelectedColumns, binder: Binder): string {
  if (item.field.name === "*") return column(plan.alias, "*");
  const value = fieldSql(plan, item.field, binder);
  const typed = item.cast === undefined ? value : `CAST(${value} AS ${item.cast})`;
  return `${typed} AS ${identifier(nameOf(item))}`;
}

/** One relation: an object, an array, its columns when spread, or nothing when it selects nothing. */
export function embedSelectSql(embed: Embed): string[] {
  const { key, join, relation, relationship, plan } = embed;
  if (relation.items.length === 0) return [];
  if (relation.spread) return spreadNames(plan).map((name) => column(join, name));
  const value = isToOne(relationship)
    ? `row_to_json(${embedSql(embed)})`
    : `coalesce(${embedSql(embed)}, '[]')`;
  return [`${value} AS ${identifier(key)}`];
}

/** The name of a column in the response: its alias, or the last key of its JSON path. */
function nameOf({ alias, field }: SelectedColumns): string {
  const keys = field.path.map(({ operand }) => operand).filter((key) => typeof key === "string");
  return alias ?? keys.at(-1) ?? field.name;
}

function spreadNames(plan: ReadPlan): string[] {
  return [
    ...plan.columns.map((item) => item.field.name === "*" ? "*" : nameOf(item)),
    ...plan.embeds.filter(({ relation }) => relation.items.length > 0)
      .flatMap((embed) => embed.relation.spread ? spreadNames(embed.plan) : [embed.key]),
  ];
}
