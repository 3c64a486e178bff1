/** The `order` parameter: `column.desc.nullslast`, or `relation(column)` for a to-one relation. */

import { type Field, parseField, parseName, skipBlanks } from "./field.ts";
import { Scanner } from "./scanner.ts";

/** One term of an order. `relation` is the selected relation that has the column. */
export interface OrderTerm {
  field: Field;
  relation?: string;
  direction?: "asc" | "desc";
  nulls?: "first" | "last";
}

/** Parses an order. @throws {RestError} 400 `PGRST100` */
export function parseOrder(text: string): OrderTerm[] {
  const scanner = new Scanner(text, "order");
  const terms: OrderTerm[] = [];
  do {
    skipBlanks(scanner);
    terms.push(parseTerm(scanner));
    skipBlanks(scanner);
  } while (scanner.take(","));
  if (!scanner.ended) scanner.fail('"," or end of input');
  return terms;
}

function parseTerm(scanner: Scanner): OrderTerm {
  const term: OrderTerm = scanner.attempt(() => scanRelated(scanner)) ??
    { field: parseField(scanner) };
  if (scanner.take(".asc")) term.direction = "asc";
  else if (scanner.take(".desc")) term.direction = "desc";
  if (scanner.take(".nullsfirst")) term.nulls = "first";
  else if (scanner.take(".nullslast")) term.nulls = "last";
  if (scanner.take(".")) {
    const nullsOnly = term.direction !== undefined;
    scanner.fail(`${nullsOnly ? "" : '"asc", "desc", '}"nullsfirst" or "nullslast"`);
  }
  return term;
}

function scanRelated(scanner: Scanner): OrderTerm | undefined {
  const relation = parseName(scanner);
  if (!scanner.take("(")) return undefined;
  const field = parseField(scanner);
  scanner.expect(")");
  return { field, relation };
}
