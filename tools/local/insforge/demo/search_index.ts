/** The search index of the demo's tickets, so that `ask-records` can be tried at once. */
import { createIndexMigration } from "../../../index_table/migration.ts";
import type { EmbeddedInsForge } from "../mod.ts";

/** Short vectors, because the embedded database is slow. */
const DIMENSIONS = 256;

/**
 * Creates the index of `support_tickets`. Its queue is worked off by `POST /ask-records/index`, as in
 * a project. The migrations of the package must have been applied.
 */
export async function createDemoIndex({ sql }: EmbeddedInsForge): Promise<void> {
  await sql(createIndexMigration({
    table: "support_tickets",
    columns: ["subject", "body"],
    dimensions: DIMENSIONS,
  }));
}
