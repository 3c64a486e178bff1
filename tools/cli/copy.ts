/** The copy of the library's sources in an app. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join, relative, sep } from "node:path";
import { LIBRARY } from "./library.ts";

/** The JavaScript of the entries, and what is for readers. The tools do not need them. */
const NOT_COPIED = ["esm", "examples", "skills"];

/**
 * Returns the folder from which the tools run. Deno does not run TypeScript below `node_modules`, so
 * they are copied to the app's `.local/` once for each version.
 *
 * @param root the app's folder.
 */
export function prepareLibrary(root: string): string {
  if (!LIBRARY.split(sep).includes("node_modules")) return LIBRARY;
  const { version, sources } = JSON.parse(readFileSync(join(LIBRARY, "package.json"), "utf8"));
  const local = join(root, ".local");
  const target = join(local, `library-${version}-${sources}`);
  if (existsSync(target)) return target;
  mkdirSync(local, { recursive: true });
  const folder = mkdtempSync(join(local, "library-"));
  cpSync(LIBRARY, folder, {
    recursive: true,
    filter: (path) => !NOT_COPIED.includes(relative(LIBRARY, path)),
  });
  try {
    renameSync(folder, target);
  } catch {
    // Another command has made the same copy in the meantime.
    rmSync(folder, { recursive: true });
  }
  return target;
}
