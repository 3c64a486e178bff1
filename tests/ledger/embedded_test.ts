/** The ledger in the embedded InsForge, as `serve` has it. */
import type { Migration } from "@insforge/shared-schemas";
import { assertEquals } from "@std/assert";
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { applyMigrations } from "../../tools/local/migrations.ts";
import { listMigrations } from "../support/ledger.ts";

Deno.test("migrations come to a backend that is older than they are, each once", async () => {
  const insforge = await createEmbeddedInsForge({ baseUrl: () => "" });
  try {
    const call = async (method: string, body?: unknown) => {
      const headers = {
        Authorization: `Bearer ${insforge.secrets.API_KEY}`,
        "Content-Type": "application/json",
      };
      const url = "http://insforge.test/api/database/migrations";
      const response = await insforge.handler(
        new Request(url, { method, headers, body: JSON.stringify(body) }),
      );
      return await response.json();
    };
    // An app's own migration may be of any version; those of the package come after it.
    await call("POST", { version: "99990101000000", name: "own", sql: "create table own ()" });
    await applyMigrations(insforge);
    await applyMigrations(insforge);

    const { migrations } = await call("GET");
    const names = ["own", ...listMigrations().map((file) => file.replace(/^\d+_(.+)\.sql$/, "$1"))];
    assertEquals(
      migrations.map(({ version, name }: Migration) => `${version} ${name}`),
      names.map((name, i) => `${99990101000000 + i} ${name}`).reverse(),
    );
    const { usage } = (await insforge.sql("select ai_usage('unknown-user') as usage"))[0]!;
    assertEquals((usage as { days: unknown[] }).days, []);
  } finally {
    await insforge.close();
  }
});
