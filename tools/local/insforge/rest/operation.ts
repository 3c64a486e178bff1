/** The test of a filter: the text after the `=`, without `not.`, such as `in.(1,2)`. */

import { scanQuoted, skipBlanks } from "./field.ts";
import type { Scanner } from "./scanner.ts";

/** A test. `operator` is a key of `OPERATORS` or `SEARCHES`. */
export type Operation =
  | { kind: "compare"; operator: string; quantifier?: "any" | "all"; value: string }
  | { kind: "search"; operator: string; language?: string; value: string }
  | { kind: "in"; values: string[] }
  | { kind: "is"; value: "NULL" | "TRUE" | "FALSE" | "UNKNOWN" }
  | { kind: "isdistinct"; value: string };

/** SQL operators by the name before the dot. */
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

/** Functions that parse the words of a full-text search, by operator. */
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
const ANYTHING = /.*/suy;
const LIST_VALUE = /[^,)]*/suy;
const ARRAY_LITERAL = /\{[^{}]*\}/suy;
const EXPECTED_OPERATOR = "operator (eq, gt, ...)";

/** Parses the whole text as a test. @throws {RestError} 400 `PGRST100` */
export function parseTest(scanner: Scanner): Operation {
  return parseWith(scanner, () => scanner.match(ANYTHING)![0]);
}

/** Parses a test inside `and` or `or`. Its value ends at a comma or a parenthesis. */
export function parseNestedTest(scanner: Scanner): Operation {
  return parseWith(scanner, () => parseNestedValue(scanner));
}

/** Whether `text` begins like a test, negated or not. */
export function isOperation(text: string): boolean {
  return isOperator(/^(?:not\.)?([a-z]+)(?:\([^)]*\))?\./.exec(text)?.[1] ?? "");
}

function parseWith(scanner: Scanner, parseValue: () => string): Operation {
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
  if (Object.hasOwn(SEARCHES, name)) {
    const language = scanner.match(LANGUAGE)?.[1]?.trim();
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
  return isOperator(name) ? name : undefined;
}

function isOperator(name: string): boolean {
  return Object.hasOwn(OPERATORS, name) || Object.hasOwn(SEARCHES, name) ||
    ["in", "is", "isdistinct"].includes(name);
}

/** Fails after the longest operator at the start of the word: `equals` fails at its `u`. */
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

/** Quotes are plain text unless the value ends with the closing one. */
function parseListValue(scanner: Scanner): string {
  return scanner.attempt(() => {
    const quoted = scanQuoted(scanner);
    return scanner.ended || scanner.sees(",") || scanner.sees(")") ? quoted : undefined;
  }) ?? scanner.match(LIST_VALUE)![0];
}

function parseNestedValue(scanner: Scanner): string {
  return scanner.match(ARRAY_LITERAL)?.[0] ?? parseListValue(scanner);
}
