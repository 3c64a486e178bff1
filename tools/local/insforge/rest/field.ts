/** Column names with a JSON path, as in `meta->tags->0` and `meta->>title`. */

import type { Scanner } from "./scanner.ts";

/** One step of a JSON path: a key, or an index; negative ones count from the end. */
export interface JsonStep {
  arrow: "->" | "->>";
  operand: string | number;
}

/** A column, and a path in its JSON value. */
export interface Field {
  name: string;
  path: JsonStep[];
}

const NAME = /[\p{L}\p{Nd}_ $]+(?:-(?!>)[\p{L}\p{Nd}_ $]+)*/uy;
const QUOTED = /"((?:[^"\\]|\\.)*)"/suy;
const INDEX = /-?\d+(?=->|::|[.,)]|$)/y;
const KEY = /[^(:.,>)\-]+(?:-(?!>)[^(:.,>)\-]+)*/uy;
const BLANKS = /[ \t]*/y;

/** Parses a name, quoted or plain. Spaces around a plain one are ignored. */
export function parseName(scanner: Scanner): string {
  return scanQuoted(scanner) ?? scanner.match(NAME)?.[0].trim() ??
    scanner.fail("field name (* or [a..z0..9_$])");
}

/** Returns the text between double quotes, with `\` as escape; `undefined` without a quote. */
export function scanQuoted(scanner: Scanner): string | undefined {
  return scanner.match(QUOTED)?.[1]?.replace(/\\(.)/gs, "$1");
}

/** Parses a name with its JSON path. */
export function parseField(scanner: Scanner): Field {
  skipBlanks(scanner);
  const field = { name: parseName(scanner), path: parsePath(scanner) };
  skipBlanks(scanner);
  return field;
}

/** Consumes spaces and tabs. */
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
