import { assertEquals, assertThrows } from "@std/assert";
import { CommandFailure } from "../../tools/cli/failure.ts";
import { writeIndexMigration } from "../../tools/cli/index_table.ts";
import { createIndexMigration } from "../../tools/index_table/migration.ts";
import { createAppFiles } from "./app_files.ts";

const now = Date.UTC(2026, 10, 29, 9, 30, 5);

Deno.test("index writes a migration, and gives a second one of the table another name", () => {
  using app = createAppFiles();
  const options = { columns: "subject, body", now };
  const path = "migrations/20261129093005_search-support-tickets.sql";
  assertEquals(writeIndexMigration(app.root, "Support_Tickets", options), path);
  const again = writeIndexMigration(app.root, "Support_Tickets", { ...options, now: now + 1_000 });
  assertEquals(again, "migrations/20261129093006_search-support-tickets-2.sql");
  assertEquals(
    app.read(path),
    createIndexMigration({ table: "Support_Tickets", columns: ["subject", "body"] }),
  );
});

Deno.test("index passes its options on", () => {
  using app = createAppFiles();
  const options = { id: "key", model: "a/b", language: "simple" };
  const typed = { ...options, columns: "text", dimensions: "768", now };
  assertEquals(
    app.read(writeIndexMigration(app.root, "docs", typed)),
    createIndexMigration({ table: "docs", columns: ["text"], dimensions: 768, ...options }),
  );
});

Deno.test("index rejects what cannot be indexed, and writes nothing", () => {
  using app = createAppFiles();
  for (const options of [{ columns: "" }, { columns: "a", dimensions: "many" }]) {
    assertThrows(() => writeIndexMigration(app.root, "t", { ...options, now }), CommandFailure);
  }
  assertEquals([...Deno.readDirSync(app.root)], []);
});
