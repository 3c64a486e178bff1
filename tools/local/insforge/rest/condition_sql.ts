/** Conditions and orders as SQL. */

import type { Field } from "./field.ts";
import type { Condition, Filter } from "./filter.ts";
import { type Operation, OPERATORS, SEARCHES } from "./operation.ts";
import type { OrderTerm } from "./order.ts";
import { type Embed, findEmbed, type ReadPlan } from "./plan.ts";
import { isToOne } from "./relationship.ts";
import { type Binder, column } from "./sql_text.ts";

/** ` WHERE …` for all conditions and `joins`, or an empty string. */
export function whereSql(plan: ReadPlan, binder: Binder, joins: string[] = []): string {
  const parts = [...joins, ...plan.conditions.map((each) => conditionSql(plan, each, binder))];
  return parts.length === 0 ? "" : ` WHERE ${parts.join(" AND ")}`;
}

/** ` ORDER BY …`, or an empty string. */
export function orderSql(plan: ReadPlan, binder: Binder): string {
  const terms = plan.order.map((term) => termSql(plan, term, binder));
  return terms.length === 0 ? "" : ` ORDER BY ${terms.join(", ")}`;
}

/** ` LIMIT … OFFSET …`, or an empty string. */
export function limitSql({ limit, offset }: ReadPlan, binder: Binder): string {
  const parts = [];
  if (limit !== undefined) parts.push(` LIMIT ${binder.bind(limit)}`);
  if (offset !== undefined) parts.push(` OFFSET ${binder.bind(offset)}`);
  return parts.join("");
}

/** The value of a field; with a path, the value in its JSON. */
export function fieldSql(plan: ReadPlan, field: Field, binder: Binder): string {
  const value = column(plan.alias, field.name);
  if (field.path.length === 0) return value;
  const base = plan.table?.columns.find(({ name }) => name === field.name)?.base;
  const json = base === "json" || base === "jsonb" ? value : `to_jsonb(${value})`;
  return json +
    field.path.map(({ arrow, operand }) =>
      arrow + binder.bind(operand) + (typeof operand === "number" ? "::int" : "")
    ).join("");
}

/** The relation that `x=is.null` means, when `x` is a selected relation and not a column. */
export function filteredEmbed(plan: ReadPlan, filter: Filter): Embed | undefined {
  const { field, operation } = filter;
  if (operation.kind !== "is" || operation.value !== "NULL" || field.path.length > 0) {
    return undefined;
  }
  return plan.embeds.find(({ key }) => key === field.name);
}

/** The value that is null when a relation has no rows: the joined row, or the list. */
export function embedSql({ join, relationship }: Embed): string {
  return column(join, isToOne(relationship) ? "*" : "rows");
}

function conditionSql(plan: ReadPlan, condition: Condition, binder: Binder): string {
  const not = condition.negated ? "NOT " : "";
  if (condition.kind === "group") {
    const parts = condition.conditions.map((each) => conditionSql(plan, each, binder));
    return `${not}(${parts.join(condition.join === "and" ? " AND " : " OR ")})`;
  }
  const embed = filteredEmbed(plan, condition);
  // A row of only nulls "is null", too, so the row as a whole is compared.
  if (embed) return `${not}(${embedSql(embed)} IS NOT DISTINCT FROM NULL)`;
  return `${not}(${testSql(fieldSql(plan, condition.field, binder), condition.operation, binder)})`;
}

function testSql(value: string, operation: Operation, binder: Binder): string {
  switch (operation.kind) {
    case "is":
      return `${value} IS ${operation.value}`;
    case "isdistinct":
      return `${value} IS DISTINCT FROM ${binder.bind(operation.value)}`;
    case "in":
      return `${value} = ANY (${binder.bind(arrayLiteral(operation.values))})`;
    case "search": {
      const words = binder.bind(operation.value);
      const language = operation.language === undefined
        ? ""
        : `${binder.bind(operation.language)}, `;
      return `${value} @@ ${SEARCHES[operation.operator]}(${language}${words})`;
    }
    case "compare": {
      const { operator, quantifier } = operation;
      // In URLs, a star stands for the percent sign.
      const pattern = operator === "like" || operator === "ilike";
      const operand = binder.bind(pattern ? operation.value.replaceAll("*", "%") : operation.value);
      return `${value} ${OPERATORS[operator]} ${
        quantifier === undefined ? operand : `${quantifier} (${operand})`
      }`;
    }
  }
}

/** `in.()` has one value, the empty text, and means an empty list. */
function arrayLiteral(values: string[]): string {
  if (values.length === 1 && values[0] === "") return "{}";
  return `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

function termSql(plan: ReadPlan, term: OrderTerm, binder: Binder): string {
  const { field, relation, direction, nulls } = term;
  const value = relation === undefined
    ? fieldSql(plan, field, binder)
    : fieldSql({ ...plan, alias: findEmbed(plan, relation).join, table: undefined }, field, binder);
  return value + (direction ? ` ${direction}` : "") + (nulls ? ` NULLS ${nulls}` : "");
}
