/** The `select` parameter: columns, casts, and relations with selections of their own. */

import { type Field, parseField, parseName, skipBlanks } from "./field.ts";
import { RestError } from "./rest_error.ts";
import { Scanner } from "./scanner.ts";

/** One entry of a selection. */
export type SelectItem = SelectedColumns | SelectedRelation;

/** A column, or all of them for the name `*`. */
export interface SelectedColumns {
  kind: "column";
  field: Field;
  alias?: string;
  cast?: string;
}

/** A related table: `alias:table!hint!inner(…)`, or `...table(…)` to spread its columns. */
export interface SelectedRelation {
  kind: "relation";
  name: string;
  alias?: string;
  hint?: string;
  inner: boolean;
  spread: boolean;
  items: SelectItem[];
}

const TYPE_NAME = /[\p{L}\p{Nd}_ $]+/uy;
const AGGREGATE = /\.?(?:sum|avg|count|max|min)\(\)/y;

/** Parses a selection. @throws {RestError} 400 `PGRST100` for malformed text, `PGRST123` for aggregates */
export function parseSelect(text: string): SelectItem[] {
  const scanner = new Scanner(text, "select parameter");
  const items = parseItems(scanner);
  if (!scanner.ended) scanner.fail('"," or end of input');
  return items;
}

function parseItems(scanner: Scanner): SelectItem[] {
  const items: SelectItem[] = [];
  skipBlanks(scanner);
  if (scanner.ended || scanner.sees(")")) return items;
  do {
    skipBlanks(scanner);
    items.push(scanner.attempt(() => scanRelation(scanner)) ?? parseColumn(scanner));
    skipBlanks(scanner);
  } while (scanner.take(","));
  return items;
}

/** A parenthesis after the hints distinguishes a relation from a column. */
function scanRelation(scanner: Scanner): SelectedRelation | undefined {
  const spread = scanner.take("...");
  if (!spread && scanner.sees("*")) return undefined;
  const alias = spread ? undefined : scanAlias(scanner);
  const name = parseName(scanner);
  if (name === "count") return undefined;
  const relation: SelectedRelation = {
    kind: "relation",
    name,
    alias,
    spread,
    inner: false,
    items: [],
  };
  while (scanner.take("!")) {
    const hint = parseName(scanner);
    if (hint === "inner") relation.inner = true;
    else if (hint !== "left") relation.hint ??= hint;
  }
  if (!scanner.take("(")) return undefined;
  relation.items = parseItems(scanner);
  scanner.expect(")", '"," or ")"');
  return relation;
}

function parseColumn(scanner: Scanner): SelectedColumns {
  if (scanner.take("*")) return { kind: "column", field: { name: "*", path: [] } };
  const alias = scanAlias(scanner);
  refuseAggregate(scanner);
  const field = parseField(scanner);
  const cast = scanner.take("::")
    ? scanner.match(TYPE_NAME)?.[0].trim() ?? scanner.fail("letter or digit")
    : undefined;
  refuseAggregate(scanner);
  return { kind: "column", field, alias, cast };
}

function scanAlias(scanner: Scanner): string | undefined {
  return scanner.attempt(() => {
    const alias = parseName(scanner);
    return !scanner.sees("::") && scanner.take(":") ? alias : undefined;
  });
}

/** PostgREST disables aggregates by default, and InsForge does not enable them. */
function refuseAggregate(scanner: Scanner): void {
  if (scanner.match(AGGREGATE)) {
    throw new RestError(400, "PGRST123", "Use of aggregate functions is not allowed");
  }
}
