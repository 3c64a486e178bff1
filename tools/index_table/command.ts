/** The command that writes the migration of a search index into a folder. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createIndexMigration, DEFAULT_MODEL, IndexRefusal } from "./migration.ts";

/** What the command prints for `--help`; `%` is how it was started. */
const HELP = `% <table> --columns <column,…> [options]

Writes the migration that gives a table a search index, for ask-records. Apply it like every
migration, after those of the functions.

  --columns title,body   the columns whose text is searched
  --id id                the primary key, if it is not "id"
  --model ${DEFAULT_MODEL}
                         the model that makes the vectors
  --dimensions 1536      their length, for models whose length is not known, or to shorten them
  --language english     the text search configuration; "simple" for mixed languages
  --folder migrations    where the file is written
  --print                print the SQL and write no file`;

const OPTIONS = {
  columns: { type: "string" },
  id: { type: "string" },
  model: { type: "string" },
  dimensions: { type: "string" },
  language: { type: "string" },
  folder: { type: "string", default: "migrations" },
  print: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** How the command was started. */
export interface IndexCommand {
  /** The words after the command's name. */
  args: string[];
  /** The command's name, for the help, such as `deno task index-table`. */
  name: string;
  /** Milliseconds since 1970; they become the version of the migration. */
  now: number;
  /** Prints a line. */
  print: (line: string) => void;
}

/**
 * Runs the command.
 *
 * @throws {IndexRefusal} for arguments that cannot be honoured; the message says what to change.
 */
export async function runIndexCommand(command: IndexCommand): Promise<void> {
  const { values, table } = readArguments(command.args);
  const { columns, id, model, dimensions, language, folder, print, help } = values;
  if (help) return command.print(HELP.replace("%", command.name));
  if (table === undefined || !columns) {
    throw new IndexRefusal(`A table and --columns must be given\n\n${command.name} --help`);
  }
  const sql = createIndexMigration({
    table,
    columns: columns.split(",").map((column) => column.trim()),
    id,
    model,
    dimensions: dimensions === undefined ? undefined : Number(dimensions),
    language,
  });
  if (print) return command.print(sql);
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, await chooseFileName(folder, table, command.now));
  await Deno.writeTextFile(path, sql, { createNew: true });
  command.print(`Wrote ${path}`);
}

function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
    if (positionals.length > 1) throw new Error(`One table at a time, not "${positionals[1]}"`);
    return { values, table: positionals[0] };
  } catch (error) {
    throw new IndexRefusal((error as Error).message);
  }
}

/** A migration is applied once by its name, so a second one of a table needs another name. */
async function chooseFileName(folder: string, table: string, now: number): Promise<string> {
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) names.add(name.replace(/^\d+_/, ""));
  const base = `search-${table.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "")}`;
  let name = base;
  for (let i = 2; names.has(`${name}.sql`); i++) name = `${base}-${i}`;
  const version = new Date(now).toISOString().replace(/\D/g, "").slice(0, 14);
  return `${version}_${name}.sql`;
}
