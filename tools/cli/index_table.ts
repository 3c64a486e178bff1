/** `insforge-ai index`: the migration that gives a table of the app a search index. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createIndexMigration, IndexRefusal } from "../index_table/migration.ts";
import { writeNew } from "./app_files.ts";
import { CommandFailure } from "./failure.ts";

/** The options of the command, as they were typed. */
export interface IndexOptions {
  /** The columns whose text is searched, separated by commas. */
  columns: string;
  /** The primary key. */
  id?: string;
  /** The model that makes the vectors. */
  model?: string;
  /** The length of the vectors. */
  dimensions?: string;
  /** The text search configuration. */
  language?: string;
}

/**
 * Writes the migration into `migrations/` of an app.
 *
 * @param now milliseconds since 1970; they become the version of the migration.
 * @returns the path of the file, from the app's folder.
 * @throws {CommandFailure} for names, dimensions and languages that cannot be used.
 */
export function writeIndexMigration(
  root: string,
  table: string,
  { columns, dimensions, now, ...options }: IndexOptions & { now: number },
): string {
  const sql = createSql({
    ...options,
    table,
    columns: columns.split(",").map((column) => column.trim()),
    dimensions: dimensions === undefined ? undefined : Number(dimensions),
  });
  const version = new Date(now).toISOString().replace(/\D/g, "").slice(0, 14);
  const path = `migrations/${version}_${chooseName(join(root, "migrations"), table)}.sql`;
  writeNew(join(root, path), sql);
  return path;
}

function createSql(request: Parameters<typeof createIndexMigration>[0]): string {
  try {
    return createIndexMigration(request);
  } catch (error) {
    if (error instanceof IndexRefusal) throw new CommandFailure(error.message);
    throw error;
  }
}

/** A migration is applied once by its name, so a second one of a table needs another name. */
function chooseName(folder: string, table: string): string {
  const names = existsSync(folder)
    ? readdirSync(folder).map((file) => file.replace(/^\d+_|\.sql$/g, ""))
    : [];
  const base = `search-${table.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "")}`;
  let name = base;
  for (let i = 2; names.includes(name); i++) name = `${base}-${i}`;
  return name;
}
