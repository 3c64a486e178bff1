/** Resolves the library's packages where this process has them, whatever the app has. */
import type { OnResolveArgs, Plugin } from "esbuild";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { LIBRARY } from "../app.ts";

/** The `node_modules` of this process, where the library's packages are. */
export const PACKAGES = fileURLToPath(import.meta.resolve("esbuild")).replace(
  /(node_modules)[\\/].*/,
  "$1",
);

/**
 * The library may lie in an app, where the bundler would find another version of a package in the
 * `node_modules` of the app.
 */
export const libraryPackages: Plugin = {
  name: "packages of the library",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async (args) => {
      if (args.pluginData === RESOLVED || !isOfLibrary(args)) return undefined;
      const { path, kind } = args;
      return await build.resolve(path, {
        kind,
        resolveDir: dirname(PACKAGES),
        pluginData: RESOLVED,
      });
    });
  },
};

/** Marks what this plugin asks the bundler, which asks every plugin again. */
const RESOLVED = Symbol("resolved");

/** Whether a file of the library's own sources imports the package. */
function isOfLibrary({ importer }: OnResolveArgs): boolean {
  const path = relative(LIBRARY, importer);
  return /^(functions|shared|tools)[\\/]/.test(path);
}
