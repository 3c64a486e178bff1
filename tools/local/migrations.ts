/** Applies the package's migrations to the embedded InsForge, as `deploy` does to a project. */
import type { Migration } from "@insforge/shared-schemas";
import { fileURLToPath } from "node:url";
import { planMigrations, readMigrations } from "../deploy/migrations.ts";
import type { EmbeddedInsForge } from "./insforge/mod.ts";

const FOLDER = fileURLToPath(new URL("../../migrations/", import.meta.url));

/**
 * Applies the migrations that the backend lacks, through its API, which records them.
 *
 * @throws {Error} when one is refused. The message contains InsForge's response.
 */
export async function applyMigrations(insforge: EmbeddedInsForge): Promise<void> {
  const { migrations: applied } = await request<{ migrations: Migration[] }>(insforge, "GET");
  for (const migration of planMigrations(await readMigrations(FOLDER), applied, Date.now())) {
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
