/** `deno task index-table <table>`: writes the migration of a search index. See `--help`. */
import { runIndexCommand } from "./index_table/command.ts";
import { IndexRefusal } from "./index_table/migration.ts";

try {
  await runIndexCommand({
    args: Deno.args,
    name: "deno task index-table",
    now: Date.now(),
    print: console.log,
  });
} catch (error) {
  if (!(error instanceof IndexRefusal)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
