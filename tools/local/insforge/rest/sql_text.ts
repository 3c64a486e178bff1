/** The two ways a caller's text gets into SQL: as a quoted identifier, or as a bound value. */

import { RestError } from "./rest_error.ts";

/**
 * `name` as an identifier, whatever it contains.
 *
 * @throws {RestError} 400 for a zero character, at which a statement would end
 */
export function identifier(name: string): string {
  if (name.includes("\0")) {
    throw new RestError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `table.column`, or all columns for `*`. */
export function column(table: string, name: string): string {
  return `${identifier(table)}.${name === "*" ? "*" : identifier(name)}`;
}

/** A table or function of the one schema that is served. */
export function inPublic(name: string): string {
  return `public.${identifier(name)}`;
}

/** Collects the values of one statement and gives their places. */
export class Binder {
  readonly values: string[] = [];

  /** The place of `value`; PostgreSQL takes its type from where it stands. */
  bind(value: string | number): string {
    return `$${this.values.push(String(value))}`;
  }
}

/** In statements: the rows that a write or a call gives. */
export const SOURCE = "insforge_source";
/** In statements: the rows that are answered. */
export const PAGE = "insforge_page";
/** In statements: the rows or arguments of the request's body. */
export const BODY = "insforge_body";
