/** The sources in the package: what the command `insforge-ai` runs with Deno in an app. */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const FOLDERS = ["shared", "functions", "client", "tools", "migrations"];
const FILES = [".env.example", "CHANGELOG.md", "LICENSE", "docs/openapi.json"];

/** Tools for the development of this repository. An app has no use for them. */
const DEVELOPMENT =
  /^tools\/(bench|docker|docs|doc_lint|fuzz|pack|paint|screenshots|soak)(\.ts|\/|$)/;

/** Pages for people who change this repository, pictures, and what examples leave when they are run. */
const UNPACKED = /^docs\/(decisions|performance)\.md$|\.(png|svg)$|\/(node_modules|\.next|dist)\//;

/** Lists the pages and examples that come with the package, for people and coding agents. */
export function listPages(): string[] {
  const inFolders = ["docs", "skills", "examples"].flatMap(listFiles);
  return ["llms.txt", ...inFolders].filter((path) => !UNPACKED.test(path));
}

/** Lists the files of the package that are copied as they are, as paths from the root. */
export function listSources(): string[] {
  const inFolders = FOLDERS.flatMap((folder) => exists(folder) ? listFiles(folder) : []);
  return [...FILES, ...inFolders].filter((path) => !DEVELOPMENT.test(path));
}

function exists(path: string): boolean {
  return [...Deno.readDirSync(ROOT)].some(({ name }) => name === path);
}

function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? listFiles(path) : [relative(".", path)];
  }).sort();
}
