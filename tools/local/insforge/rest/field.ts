/** Names of columns with a path into JSON, as in `meta->tags->0` and `meta->>title`. */

import type { Scanner } from "./scanner.ts";

/** One step into a JSON value: by key, or by index counted from the end when negative. */
export interface JsonStep {
  arrow: "->" | "->>";
  operand: string | number;
}

/** A column, and where in its JSON value to look. */
export interface Field {
  name: string;
  path: JsonStep[];
}

const NAME = /[\p{L}\p{Nd}_ $]+(?:-(?!>)[\p{L}\p{Nd}_ $]+)*/uy;
const QUOTED = /"((?:[^"\\]|\\.)*)"/suy;
const INDEX = /-?\d+(?=->|::|[.,)]|$)/y;
const KEY = /[^(:.,>)\-]+(?:-(?!>)[^(:.,>)\-]+)*/uy;
const BLANKS = /[ \t]*/y;

/** A name, quoted or plain; blanks around a plain one do not count. */
export function parseName(scanner: Scanner): string {
  return scanQuoted(scanner) ?? scanner.match(NAME)?.[0].trim() ??
    scanner.fail("field name (* or [a..z0..9_$])");
}

/** The text between double quotes, with `\` escaping; `undefined` when none comes next. */
export function scanQuoted(scanner: Scanner): string | undefined {
  return scanner.match(QUOTED)?.[1].replace(/\\(.)/gs, "$1");
}

/** A name with its JSON path. */
export function parseField(scanner: Scanner): Field {
  skipBlanks(scanner);
  const field = { name: parseName(scanner), path: parsePath(scanner) };
  skipBlanks(scanner);
  return field;
}

/** Consumes spaces and tabs, if any. */
export function skipBlanks(scanner: Scanner): void {
  scanner.match(BLANKS);
}

function parsePath(scanner: Scanner): JsonStep[] {
  const path: JsonStep[] = [];
  for (;;) {
    const arrow = scanner.take("->>") ? "->>" : scanner.take("->") ? "->" : undefined;
    if (arrow === undefined) return path;
    path.push({ arrow, operand: parseOperand(scanner) });
  }
}

function parseOperand(scanner: Scanner): string | number {
  const index = scanner.match(INDEX)?.[0];
  if (index !== undefined) return Number(index);
  return scanQuoted(scanner) ?? scanner.match(KEY)?.[0].trim() ??
    scanner.fail("any non reserved character different from: .,>()");
}
