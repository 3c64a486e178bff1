/** Creates the type declarations of the library and of the built-in functions. */
import { fileURLToPath } from "node:url";
import { type InputPluginOption, rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { COMPILER_OPTIONS } from "../compiler_options.ts";
import { loadFunction } from "../functions.ts";
import { type Entry, isFunction, isLibrary } from "./entries.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ZOD = "zod/mini";
/** Imports in the declarations of `openai` that only resolve where further packages are installed. */
const OPTIONAL = /^(\.\.\/)+node_modules\//;

/**
 * Creates a declaration file for each entry of the library. The types of packages are part of them, so
 * that they are complete in an app that has none of these packages. Those of zod stay files of their
 * own, because the bundler of types does not support its namespaces.
 *
 * @returns the texts by their paths in the package, such as `esm/shared/mod.d.ts`.
 */
export async function createLibraryDeclarations(entries: Entry[]): Promise<Map<string, string>> {
  const bundle = await rollup({
    input: Object.fromEntries(
      entries.filter(isLibrary).map(({ module, source }) => [module, `${ROOT}${source}`]),
    ),
    external: (id) => id === ZOD || OPTIONAL.test(id),
    // The plugin would like every type of a signature to be an export of an entry.
    onwarn: () => {},
    plugins: [
      dts({
        respectExternal: true,
        compilerOptions: { ...COMPILER_OPTIONS, lib: LIBRARIES, noEmit: false, skipLibCheck: true },
      }) as InputPluginOption,
    ],
  });
  try {
    const { output } = await bundle.generate({
      format: "es",
      chunkFileNames: "esm/types/[name].d.ts",
      paths: { [ZOD]: "../zod/mini/index.js" },
    });
    return new Map([
      ...output.flatMap((file) =>
        file.type === "chunk" ? [[file.fileName, file.code] as const] : []
      ),
      ...listZodTypes(),
    ]);
  } finally {
    await bundle.close();
  }
}

/** Lists the declarations of `zod/mini`, by their paths in the package. */
function listZodTypes(): [path: string, text: string][] {
  const source = new URL("../v4/", import.meta.resolve(ZOD));
  return ["mini", "core", "locales"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, source))]
      .filter(({ name }) => name.endsWith(".d.ts"))
      .map(({ name }): [string, string] => [
        `esm/zod/${folder}/${name}`,
        Deno.readTextFileSync(new URL(`${folder}/${name}`, source)),
      ])
  );
}

/** Creates a declaration file for each built-in function. They all have the same type. */
export async function createFunctionDeclarations(entries: Entry[]): Promise<Map<string, string>> {
  const files = entries.filter(isFunction).map(
    async ({ name, module }): Promise<[string, string]> => {
      const { aliases } = await loadFunction(name.replace("./", ""));
      return [`${module}.d.ts`, aliases ? `${FUNCTION_TYPE}${ALIASES_TYPE}` : FUNCTION_TYPE];
    },
  );
  return new Map(await Promise.all(files));
}

const FUNCTION_TYPE = `import type { EdgeFunction } from "../shared/mod.js";
/** The function, as InsForge calls it. */
declare const handler: EdgeFunction;
export default handler;
`;
const ALIASES_TYPE = `/** Further slugs under which the function is deployed. */
export declare const aliases: string[];
`;

/** The functions run on a newer platform than the client. */
const LIBRARIES = ["lib.esnext.d.ts", ...COMPILER_OPTIONS.lib!.slice(1)];
