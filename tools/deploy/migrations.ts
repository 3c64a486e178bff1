/** Finds the database migrations that a project lacks, and gives them versions. */
import type { Migration } from "@insforge/shared-schemas";
import { join } from "node:path";
import { DeployFailure } from "./failure.ts";

/** A migration as it is sent. */
export interface MigrationFile {
  version: string;
  name: string;
  sql: string;
}

/** InsForge's own rule for the names of migration files. */
const FILE = /^(\d{1,64})_([a-z0-9-]+)\.sql$/;

/**
 * Reads a folder of migrations, oldest first.
 *
 * @returns an empty list when the folder is empty or missing.
 * @throws {DeployFailure} for a file name that InsForge rejects, and for two migrations of one name.
 */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const files: MigrationFile[] = [];
  try {
    for await (const { name: file } of Deno.readDir(folder)) {
      const [, version, name] = FILE.exec(file) ?? [];
      if (!version || !name) {
        const form = "<digits>_<name of small letters, digits and hyphens>.sql";
        throw new DeployFailure(`${join(folder, file)} must be named ${form}`);
      }
      if (files.some((other) => other.name === name)) {
        throw new DeployFailure(`${folder} has two migrations named "${name}"`);
      }
      files.push({ version, name, sql: await Deno.readTextFile(join(folder, file)) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort((a, b) => BigInt(a.version) < BigInt(b.version) ? -1 : 1);
}

/**
 * Selects the migrations whose names the project has not applied, and gives them versions above its
 * newest one. InsForge accepts no older version, and a package cannot know that version beforehand.
 *
 * @param now milliseconds since 1970; versions are its UTC digits, when these are new enough.
 */
export function planMigrations(
  files: MigrationFile[],
  applied: Migration[],
  now: number,
): MigrationFile[] {
  const names = new Set(applied.map(({ name }) => name));
  const head = applied.map(({ version }) => BigInt(version)).reduce((a, b) => a > b ? a : b, 0n);
  const stamp = BigInt(new Date(now).toISOString().replace(/\D/g, "").slice(0, 14));
  const first = stamp > head ? stamp : head + 1n;
  return files.filter(({ name }) => !names.has(name))
    .map((file, i) => ({ ...file, version: String(first + BigInt(i)) }));
}
