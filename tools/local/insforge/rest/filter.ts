/** Conditions on rows: `column=operator.value`, and trees of them under `and` and `or`. */

import { type Field, parseField, parseName, scanQuoted, skipBlanks } from "./field.ts";
import { Scanner } from "./scanner.ts";

/** What a row must fulfil. */
export type Condition = Filter | Group;

export interface Filter {
  kind: "filter";
  field: Field;
  negated: boolean;
  operation: Operation;
}

export interface Group {
  kind: "group";
  join: "and" | "or";
  negated: boolean;
  conditions: Condition[];
}

/** The test itself; `operator` is a key of `OPERATORS`. */
export type Operation =
  | { kind: "compare"; operator: string; quantifier?: "any" | "all"; value: string }
  | { kind: "search"; operator: string; language?: string; value: string }
  | { kind: "in"; values: string[] }
  | { kind: "is"; value: "NULL" | "TRUE" | "FALSE" | "UNKNOWN" }
  | { kind: "isdistinct"; value: string };

/** What stands before the dot, and the SQL operator it means. */
export const OPERATORS: Record<string, string> = {
  eq: "=",
  neq: "<>",
  gte: ">=",
  gt: ">",
  lte: "<=",
  lt: "<",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
  cs: "@>",
  cd: "<@",
  ov: "&&",
  sl: "<<",
  sr: ">>",
  nxr: "&<",
  nxl: "&>",
  adj: "-|-",
};

/** Operators of full-text search, and the function that reads the words to search for. */
export const SEARCHES: Record<string, string> = {
  fts: "to_tsquery",
  plfts: "plainto_tsquery",
  phfts: "phraseto_tsquery",
  wfts: "websearch_to_tsquery",
};

const QUANTIFIABLE = ["eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"];
const OPERATOR = /[a-z]+/y;
const QUANTIFIER = /\((any|all)\)/y;
const LANGUAGE = /\(([\p{L}\p{Nd}_ $]+)\)/uy;
const TRILEAN = /null|true|false|unknown/iy;
const GROUP = /(not\.)?(and|or)(?=[ \t]*\()/y;
const ANYTHING = /.*/suy;
const LIST_VALUE = /[^,)]*/suy;
const ARRAY_LITERAL = /\{[^{}]*\}/suy;
const EXPECTED_OPERATOR = "operator (eq, gt, ...)";

/** The column and embedded relation a parameter's name speaks of: `list.items.id` is `id` of `items` of `list`. */
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

/** The condition of `column=text`. @throws {RestError} 400 `PGRST100` */
export function parseFilter(field: Field, text: string): Filter {
  const scanner = new Scanner(text, "filter");
  return { kind: "filter", field, ...parseOperation(scanner, () => scanner.match(ANYTHING)![0]) };
}

/** As `parseFilter`, but `undefined` where the text is no operation: then it is an argument. */
export function scanFilter(field: Field, text: string): Filter | undefined {
  const operator = /^(?:not\.)?([a-z]+)(?:\([^)]*\))?\./.exec(text)?.[1] ?? "";
  const known = operator in OPERATORS || operator in SEARCHES ||
    ["in", "is", "isdistinct"].includes(operator);
  return known ? parseFilter(field, text) : undefined;
}

/**
 * The tree of `or=(…)`, whose kind and negation stand in the parameter's name.
 *
 * @throws {RestError} 400 `PGRST100`; the place in it counts the kind as part of the text
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
  return { kind: "filter", field, ...parseOperation(scanner, () => parseNestedValue(scanner)) };
}

function parseOperation(
  scanner: Scanner,
  parseValue: () => string,
): { negated: boolean; operation: Operation } {
  const negated = scanner.take("not.");
  return { negated, operation: parseTest(scanner, parseValue) };
}

function parseTest(scanner: Scanner, parseValue: () => string): Operation {
  const name = scanner.attempt(() => scanOperator(scanner)) ?? failAtOperator(scanner);
  if (name === "in") {
    scanner.expect(".", EXPECTED_OPERATOR);
    return { kind: "in", values: parseList(scanner) };
  }
  if (name === "is") {
    scanner.expect(".", EXPECTED_OPERATOR);
    const value = scanner.match(TRILEAN)?.[0].toUpperCase() ??
      scanner.fail("null or trilean value (unknown, true, false)");
    return { kind: "is", value: value as "NULL" | "TRUE" | "FALSE" | "UNKNOWN" };
  }
  if (name === "isdistinct") {
    scanner.expect(".", EXPECTED_OPERATOR);
    return { kind: "isdistinct", value: parseValue() };
  }
  if (name in SEARCHES) {
    const language = scanner.match(LANGUAGE)?.[1].trim();
    scanner.expect(".", EXPECTED_OPERATOR);
    return { kind: "search", operator: name, language, value: parseValue() };
  }
  const quantifier = QUANTIFIABLE.includes(name)
    ? scanner.match(QUANTIFIER)?.[1] as "any" | "all" | undefined
    : undefined;
  scanner.expect(".", EXPECTED_OPERATOR);
  return { kind: "compare", operator: name, quantifier, value: parseValue() };
}

function scanOperator(scanner: Scanner): string | undefined {
  const name = scanner.match(OPERATOR)?.[0] ?? "";
  return name in OPERATORS || name in SEARCHES || ["in", "is", "isdistinct"].includes(name)
    ? name
    : undefined;
}

/** Points past the longest operator the word begins with: `equals` fails at its `u`. */
function failAtOperator(scanner: Scanner): never {
  const operators = [...Object.keys(OPERATORS), ...Object.keys(SEARCHES)];
  const understood = operators.filter((operator) => scanner.sees(operator));
  scanner.skip(Math.max(0, ...understood.map((operator) => operator.length)));
  return scanner.fail(EXPECTED_OPERATOR);
}

function parseList(scanner: Scanner): string[] {
  const values: string[] = [];
  skipBlanks(scanner);
  scanner.expect("(");
  skipBlanks(scanner);
  do values.push(parseListValue(scanner)); while (scanner.take(","));
  scanner.expect(")", '"," or ")"');
  return values;
}

/** A quoted value counts as such only when it ends there; otherwise its quotes are plain text. */
function parseListValue(scanner: Scanner): string {
  return scanner.attempt(() => {
    const quoted = scanQuoted(scanner);
    return scanner.ended || scanner.sees(",") || scanner.sees(")") ? quoted : undefined;
  }) ?? scanner.match(LIST_VALUE)![0];
}

function parseNestedValue(scanner: Scanner): string {
  return scanner.match(ARRAY_LITERAL)?.[0] ?? parseListValue(scanner);
}

/** Splits `g_lists.or` and `not.and` into relation path, negation and kind. */
export function parseGroupKey(key: string): [path: string[], negated: boolean, join: "and" | "or"] {
  const scanner = new Scanner(key, "logic path");
  const names = [parseName(scanner)];
  while (scanner.take(".")) names.push(parseName(scanner));
  const join = names.pop() as "and" | "or";
  return [names.filter((name) => name !== "not"), names.includes("not"), join];
}
