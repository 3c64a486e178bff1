/** The schema: tables, the foreign keys between them, and functions. */

import type { Database } from "../database.ts";

/** A column of a table or view. */
export interface Column {
  name: string;
  type: string;
  /** The base type of a domain; otherwise the same as `type`. */
  base: string;
  /** The expression for inserts that leave the column out. */
  default: string | null;
}

/** A table or view. `keys` are its unique keys, the primary key first. */
export interface Table {
  name: string;
  columns: Column[];
  keys: { primary: boolean; columns: string[] }[];
}

/** A foreign key. */
export interface ForeignKey {
  name: string;
  table: string;
  target: string;
  /** Each column of `table` that refers to a column of `target`. */
  columns: [own: string, other: string][];
}

/** A function. Several may have the same name. */
export interface Routine {
  name: string;
  parameters: { name: string; type: string; required: boolean; variadic: boolean }[];
  returnsSet: boolean;
  returnsVoid: boolean;
  returnsRow: boolean;
  /** The table whose rows it returns, if any. Relations of such rows can be selected. */
  table: string | null;
}

/** The whole schema. */
export interface Catalog {
  tables: Map<string, Table>;
  foreignKeys: ForeignKey[];
  functions: Routine[];
}

/** Reads the catalog once, and again after `forget`. */
export interface CatalogReader {
  read(): Promise<Catalog>;
  /** Must be called when the schema may have changed. */
  forget(): void;
}

/** Creates the reader of the schema `public`. */
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
  const [row] = await database.asOwner((session) => session.query<{ catalog: string }>(sql));
  const { tables, ...rest } = JSON.parse(row!.catalog) as Omit<Catalog, "tables"> & {
    tables: Table[];
  };
  return { tables: new Map(tables.map((table) => [table.name, table])), ...rest };
}

/** Returns the columns of the primary key; none when the table has no primary key. */
export function primaryKey(table: Table | undefined): string[] {
  return table?.keys.find((key) => key.primary)?.columns ?? [];
}
