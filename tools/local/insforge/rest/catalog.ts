/** What the schema offers: tables, the foreign keys between them, and functions. */

import type { Database } from "../database.ts";

/** A column of a table or view. */
export interface Column {
  name: string;
  type: string;
  /** The type a domain is made of; otherwise the same as `type`. */
  base: string;
  /** The expression that fills the column when an insert leaves it out. */
  default: string | null;
}

/** A table or view; the keys are what is unique in it, the primary key first. */
export interface Table {
  name: string;
  columns: Column[];
  keys: { primary: boolean; columns: string[] }[];
}

/** A reference from the rows of one table to those of another. */
export interface ForeignKey {
  name: string;
  table: string;
  target: string;
  /** Pairs of own column and target's column. */
  columns: [own: string, other: string][];
}

/** A function; several may have the same name. */
export interface Routine {
  name: string;
  parameters: { name: string; type: string; required: boolean; variadic: boolean }[];
  returnsSet: boolean;
  returnsVoid: boolean;
  returnsRow: boolean;
  /** The table whose rows it returns, if any: such rows can be embedded into. */
  table: string | null;
}

/** All of it. */
export interface Catalog {
  tables: Map<string, Table>;
  foreignKeys: ForeignKey[];
  functions: Routine[];
}

/** Gives the catalog, read when first needed and again after `forget`. */
export interface CatalogReader {
  read(): Promise<Catalog>;
  /** To be called when the schema may have changed. */
  forget(): void;
}

/** Reads the schema `public` of `database`. */
export function createCatalogReader(database: Database): CatalogReader {
  let known: Promise<Catalog> | undefined;
  return {
    read: () =>
      known ??= readCatalog(database).catch((error) => {
        known = undefined;
        throw error;
      }),
    forget: () => known = undefined,
  };
}

async function readCatalog(database: Database): Promise<Catalog> {
  const sql = await Deno.readTextFile(new URL("./catalog.sql", import.meta.url));
  const [{ catalog }] = await database.asOwner((session) =>
    session.query<{ catalog: string }>(sql)
  );
  const { tables, ...rest } = JSON.parse(catalog) as Omit<Catalog, "tables"> & { tables: Table[] };
  return { tables: new Map(tables.map((table) => [table.name, table])), ...rest };
}

/** The columns of the primary key; empty without one. */
export function primaryKey(table: Table | undefined): string[] {
  return table?.keys.find((key) => key.primary)?.columns ?? [];
}
