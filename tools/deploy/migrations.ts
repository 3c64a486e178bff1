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
 * Reads folders of migrations: those of the first folder come first, and the oldest of each.
 *
 * @returns an empty list when all folders are empty or missing.
 * @throws {DeployFailure} for a file name that InsForge rejects, and for two migrations of one name.
 */
export async function readMigrations(folders: string[]): Promise<MigrationFile[]> {
  const files = (await Promise.all(folders.map(readFolder))).flat();
  for (const [i, { name }] of files.entries()) {
    if (files.findIndex((other) => other.name === name) === i) continue;
    throw new DeployFailure(`${folders.join(" and ")} have two migrations named "${name}"`);
  }
  return files;
}

async function readFolder(folder: string): Promise<MigrationFile[]> {
  const files: MigrationFile[] = [];
  try {
    for await (const { name: file } of Deno.readDir(folder)) {
      const [, version, name] = FILE.exec(file) ?? [];
      if (!version || !name) {
        const form = "<digits>_<name of small letters, digits and hyphens>.sql";
        throw new DeployFailure(`${join(folder, file)} must be named ${form}`);
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
