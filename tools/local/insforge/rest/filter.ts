/** Conditions on rows: `column=operator.value`, and trees of them under `and` and `or`. */

import { type Field, parseField, parseName, skipBlanks } from "./field.ts";
import { isOperation, type Operation, parseNestedTest, parseTest } from "./operation.ts";
import { Scanner } from "./scanner.ts";

/** A condition on rows. */
export type Condition = Filter | Group;

/** One test of one field. */
export interface Filter {
  kind: "filter";
  field: Field;
  negated: boolean;
  operation: Operation;
}

/** Conditions of which all must be met, or one. */
export interface Group {
  kind: "group";
  join: "and" | "or";
  negated: boolean;
  conditions: Condition[];
}

const GROUP = /(not\.)?(and|or)(?=[ \t]*\()/y;

/** Parses the name of a parameter: `list.items.id` is the column `id` of the relation `list.items`. */
export function parseFieldPath(key: string): [path: string[], field: Field] {
  const scanner = new Scanner(key, "tree path");
  const path: string[] = [];
  let field = parseField(scanner);
  while (scanner.take(".")) {
    path.push(field.name);
    field = parseField(scanner);
  }
  return [path, field];
}

/** Parses the condition `column=text`. @throws {RestError} 400 `PGRST100` */
export function parseFilter(field: Field, text: string): Filter {
  const scanner = new Scanner(text, "filter");
  const negated = scanner.take("not.");
  return { kind: "filter", field, negated, operation: parseTest(scanner) };
}

/** As `parseFilter`, but returns `undefined` when the text is an argument and not an operation. */
export function scanFilter(field: Field, text: string): Filter | undefined {
  return isOperation(text) ? parseFilter(field, text) : undefined;
}

/**
 * Parses the tree of `or=(…)`. The name of the parameter contains its kind and its negation.
 *
 * @throws {RestError} 400 `PGRST100`; its column counts the kind as part of the text
 */
export function parseGroup(join: "and" | "or", negated: boolean, text: string): Condition {
  const whole = `${negated ? "not." : ""}${join}${text}`;
  return parseCondition(new Scanner(whole, "logic tree", text));
}

function parseConditions(scanner: Scanner): Condition[] {
  const conditions: Condition[] = [];
  skipBlanks(scanner);
  scanner.expect("(");
  do {
    skipBlanks(scanner);
    conditions.push(parseCondition(scanner));
    skipBlanks(scanner);
  } while (scanner.take(","));
  scanner.expect(")", '"," or ")"');
  return conditions;
}

function parseCondition(scanner: Scanner): Condition {
  const group = scanner.match(GROUP);
  if (group) {
    const join = group[2] as "and" | "or";
    return {
      kind: "group",
      join,
      negated: group[1] !== undefined,
      conditions: parseConditions(scanner),
    };
  }
  const field = parseField(scanner);
  scanner.expect(".", "delimiter (.)");
  const negated = scanner.take("not.");
  return { kind: "filter", field, negated, operation: parseNestedTest(scanner) };
}

/** Splits names such as `g_lists.or` and `not.and` into relation path, negation and kind. */
export function parseGroupKey(key: string): [path: string[], negated: boolean, join: "and" | "or"] {
  const scanner = new Scanner(key, "logic path");
  const names = [parseName(scanner)];
  while (scanner.take(".")) names.push(parseName(scanner));
  const join = names.pop() as "and" | "or";
  return [names.filter((name) => name !== "not"), names.includes("not"), join];
}
