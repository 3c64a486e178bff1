/** Applies the migrations of the library and of the app to the embedded InsForge, as `deploy` does to a project. */
import type { Migration } from "@insforge/shared-schemas";
import { type App, openApp } from "../app.ts";
import { planMigrations, readMigrations } from "../deploy/migrations.ts";
import type { EmbeddedInsForge } from "./insforge/mod.ts";

/**
 * Applies the migrations that the backend lacks, through its API, which records them.
 *
 * @throws {Error} when one is refused. The message contains InsForge's response.
 */
export async function applyMigrations(
  insforge: EmbeddedInsForge,
  app: App = openApp(),
): Promise<void> {
  const { migrations: applied } = await request<{ migrations: Migration[] }>(insforge, "GET");
  const files = await readMigrations(app.migrationFolders);
  for (const migration of planMigrations(files, applied, Date.now())) {
    await request(insforge, "POST", migration);
  }
}

async function request<Answer>(
  { handler, secrets }: EmbeddedInsForge,
  method: "GET" | "POST",
  body?: unknown,
): Promise<Answer> {
  const response = await handler(
    new Request("http://localhost/api/database/migrations", {
      method,
      headers: { authorization: `Bearer ${secrets.API_KEY}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  );
  const answer = await response.text();
  if (!response.ok) throw new Error(`The migrations cannot be applied: ${answer}`);
  return JSON.parse(answer);
}
