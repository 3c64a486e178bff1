/**
 * `deno task packages`: writes the configurations with which the tasks of an app run. Each names only
 * the packages that its tasks need, in the versions of `deno.json` and `deno.lock`. Run it after a
 * change of versions.
 */
import { fileURLToPath } from "node:url";
import type { PackageSet } from "../task/packages.ts";

const ROOT = new URL("../../", import.meta.url);

/** The packages of the functions themselves. */
const FUNCTIONS = ["@insforge/sdk", "@insforge/shared-schemas", "hono", "jose", "zod/mini"];

/** The packages of each set, by the names that `deno.json` gives them. */
const SETS: Record<PackageSet, string[]> = {
  start: [...FUNCTIONS, "@hono/node-server", "gray-matter"],
  serve: [
    ...FUNCTIONS,
    ...["@electric-sql/pglite", "@electric-sql/pglite-pgvector", "@hono/node-server", "marked"],
    ...["@speed-highlight/core/", "gray-matter", "swagger-ui-dist/", "terser"],
  ],
  build: [...FUNCTIONS, "esbuild", "gray-matter", "typescript"],
};

const { imports, unstable, allowScripts } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
);

for (const [name, packages] of Object.entries(SETS)) {
  const target = new URL(`tools/packages/${name}/`, ROOT);
  const folder = new URL(`.local/package-sets/${name}/`, ROOT);
  for (const path of [folder, target]) await Deno.mkdir(path, { recursive: true });
  const configuration = {
    nodeModulesDir: "manual",
    allowScripts,
    unstable,
    imports: Object.fromEntries(packages.toSorted().map((name) => [name, imports[name]])),
  };
  const file = new URL("deno.json", folder);
  await Deno.writeTextFile(file, JSON.stringify(configuration, null, 2) + "\n");
  // Deno removes from the copy what the packages above do not need.
  await Deno.copyFile(new URL("deno.lock", ROOT), new URL("deno.lock", folder));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--node-modules-dir=auto", `--config=${fileURLToPath(file)}`],
  }).output();
  if (!success) throw new Error(`The packages of "${name}" cannot be installed`);
  for (const file of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(new URL(file, folder), new URL(file, target));
  }
}
