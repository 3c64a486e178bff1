/** The two ways a caller's text gets into SQL: as a quoted identifier, or as a bound value. */

/** `name` as an identifier, whatever it contains. */
export function identifier(name: string): string {
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

/** Names the statements use for their own parts; a column of that name is no harm. */
export const SOURCE = "insforge_source";
export const PAGE = "insforge_page";
export const BODY = "insforge_body";
