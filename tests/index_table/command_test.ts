import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runIndexCommand } from "../../tools/index_table/command.ts";
import { createIndexMigration, IndexRefusal } from "../../tools/index_table/migration.ts";

const NOW = Date.UTC(2026, 10, 29, 9, 30, 5);

Deno.test("the command writes one migration, and gives a second one of the table another name", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local", prefix: "index-" });
  try {
    const args = ["Support_Tickets", "--columns", "subject, body", "--folder", folder];
    assertEquals(await run(args), `Wrote ${folder}/20261129093005_search-support-tickets.sql`);
    assertEquals(await run(args), `Wrote ${folder}/20261129093005_search-support-tickets-2.sql`);
    assertEquals(
      await Deno.readTextFile(`${folder}/20261129093005_search-support-tickets.sql`),
      createIndexMigration({ table: "Support_Tickets", columns: ["subject", "body"] }),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the command passes its options on, and prints the SQL on request", async () => {
  const sql = await run([
    ...["docs", "--columns", "text", "--id", "key", "--model", "a/b", "--dimensions", "768"],
    ...["--language", "simple", "--print"],
  ]);
  const request = { id: "key", model: "a/b", dimensions: 768, language: "simple" };
  assertEquals(sql, createIndexMigration({ table: "docs", columns: ["text"], ...request }));
});

Deno.test("the command explains itself, and refuses what it cannot use", async () => {
  assertMatch(await run(["--help"]), /^deno task index-table <table> --columns <column,…>/);
  for (
    const args of [[], ["t"], ["t", "u", "--columns", "a"], ["t", "--columns", "a", "--nope"], [
      "t",
      "--columns",
      "a",
      "--dimensions",
      "many",
    ]]
  ) {
    const { message } = await assertRejects(() => run(args), IndexRefusal);
    assert(message.length > 10, message);
  }
});

async function run(args: string[]): Promise<string> {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  await runIndexCommand({ args, name: "deno task index-table", now: NOW, print });
  return lines.join("\n");
}
