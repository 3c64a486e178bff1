/**
 * The app that the tools work on.
 *
 * Every tool works on the app in the working folder, and takes its own files from the library that it
 * belongs to. In this repository both are the same folder. In an app, the command `insforge-ai` copies
 * the library out of `node_modules`, because Deno runs no TypeScript there, and calls:
 *
 * ```sh
 * deno run --allow-all --no-config <library>/tools/task.ts serve --watch
 * ```
 *
 * The tasks of an app are `serve`, `start`, `build`, `deploy` and `test`. A copy of the library has the
 * folders `client`, `docs`, `functions`, `migrations`, `shared` and `tools`. Its `deno.json` is empty:
 * Deno would install the packages that one names, and without one it would read the app's.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the library, to which the tools belong. */
export const LIBRARY = fileURLToPath(new URL("../", import.meta.url));

/** The name under which an app imports the library. */
export const LIBRARY_NAME = "insforge-ai-functions";

/**
 * The modules of the library that functions import, by their names after that of the library. Browsers
 * import others.
 */
const MODULES: Record<string, string> = {
  "": "shared/mod.ts",
  "/core": "shared/core.ts",
  "/zod": "shared/zod.ts",
  "/testing": "tools/testing.ts",
};

/** An app, and the places in it that the tools know. */
export interface App {
  /** The absolute path of the app's folder, which holds `.env` and `.insforge/`. */
  root: string;
  /** One folder per function. Only these functions are served, built and deployed. */
  functionsFolder: string;
  /** What the tools write: data, packages and temporary files. */
  localFolder: string;
  /**
   * Where `build` writes. In an app it is below `.local/`: bundlers publish what is in `dist/`, and the
   * built functions hold the app's prompts.
   */
  buildFolder: string;
  /** The folders of the migrations: the library's, and the app's own. */
  migrationFolders: string[];
  /** How a developer calls a task, such as `deno task`. */
  command: string;
}

/**
 * Finds the places of an app. It reads nothing, so the folders may be missing.
 *
 * @param root the app's folder: the working folder unless given.
 */
export function openApp(root: string = Deno.cwd()): App {
  const folder = resolve(root);
  return {
    root: folder,
    functionsFolder: join(folder, "functions"),
    localFolder: join(folder, ".local"),
    buildFolder: join(folder, isLibrary(folder) ? "dist" : ".local/build"),
    migrationFolders: [...new Set([LIBRARY, folder].map((one) => join(one, "migrations")))],
    command: isLibrary(folder) ? "deno task" : "npx insforge-ai",
  };
}

/** Whether an app's folder is the repository of the library itself. */
export function isLibrary(root: string): boolean {
  return resolve(root) === resolve(LIBRARY);
}

/**
 * Returns the library's modules by the names under which functions import them, such as
 * `insforge-ai-functions/core`. Each built-in function is one of them.
 *
 * @returns absolute paths.
 */
export function listLibraryEntries(): Record<string, string> {
  const slugs = [...Deno.readDirSync(join(LIBRARY, "functions"))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  return Object.fromEntries([
    ...Object.entries(MODULES).map(([name, path]) => [LIBRARY_NAME + name, join(LIBRARY, path)]),
    ...slugs.map((slug) => [
      `${LIBRARY_NAME}/${slug}`,
      join(LIBRARY, "functions", slug, "index.ts"),
    ]),
  ]);
}
