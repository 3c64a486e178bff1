/** A caller's text in SQL: as a quoted identifier, or as a bound value. */

import { RestError } from "./rest_error.ts";

/**
 * Quotes `name` as an identifier.
 *
 * @throws {RestError} 400 for a zero character, which would end the statement
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

/** A table or function of the schema `public`. */
export function inPublic(name: string): string {
  return `public.${identifier(name)}`;
}

/** Collects the bound values of one statement. */
export class Binder {
  readonly values: string[] = [];

  /** Binds a value and returns its placeholder. PostgreSQL infers the type from the context. */
  bind(value: string | number): string {
    return `$${this.values.push(String(value))}`;
  }
}

/** In statements: the rows that a write or a call returns. */
export const SOURCE = "insforge_source";
/** In statements: the rows of the response. */
export const PAGE = "insforge_page";
/** In statements: the rows or arguments in the body of the request. */
export const BODY = "insforge_body";
