/**
 * `deno task packages`: writes the configurations with which `deno task serve` starts its processes.
 * Each names only the packages that its process needs, in the versions of `deno.json` and
 * `deno.lock`. Run it after a change of versions.
 */
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** The packages of the functions themselves. */
const FUNCTIONS = ["@insforge/sdk", "@insforge/shared-schemas", "hono", "jose", "zod/mini"];

/** The packages of each process, by the names that `deno.json` gives them. */
const PROCESSES: Record<string, string[]> = {
  serve: [
    ...FUNCTIONS,
    ...["@electric-sql/pglite", "@electric-sql/pglite-pgvector", "@hono/node-server", "marked"],
    ...["@speed-highlight/core/", "terser", "gray-matter"],
    "swagger-ui-dist/",
  ],
  reference: [
    ...FUNCTIONS,
    ...["openai", "ts-json-schema-generator", "typescript", "zod-to-json-schema"],
  ],
};

const { imports, unstable, allowScripts } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
);

for (const [name, packages] of Object.entries(PROCESSES)) {
  const target = new URL(`tools/packages/${name}/`, ROOT);
  const folder = new URL(`.local/packages/${name}/`, ROOT);
  for (const path of [folder, target]) await Deno.mkdir(path, { recursive: true });
  const configuration = {
    nodeModulesDir: "auto",
    allowScripts,
    unstable,
    imports: Object.fromEntries(packages.toSorted().map((name) => [name, imports[name]])),
  };
  const file = new URL("deno.json", folder);
  await Deno.writeTextFile(file, JSON.stringify(configuration, null, 2) + "\n");
  // Deno removes from the copy what the packages above do not need.
  await Deno.copyFile(new URL("deno.lock", ROOT), new URL("deno.lock", folder));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", `--config=${fileURLToPath(file)}`],
  }).output();
  if (!success) throw new Error(`The packages of ${name} cannot be installed`);
  for (const file of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(new URL(file, folder), new URL(file, target));
  }
}
