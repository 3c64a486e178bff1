/** Creates the npm package of the client: a module per entry, type declarations, the page on npm. */
import * as esbuild from "esbuild";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { createDeclarations } from "./declarations.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = "docs/client.md";

/** An entry of the client, such as `insforge-ai-functions/ai-sdk`. */
export interface ClientEntry {
  /** Its name in the package, such as `ai-sdk`. */
  path: string;
  /** Its module in `client/`, such as `ai_sdk`. */
  module: string;
}

/** The entries of the client: the exports of `deno.json` that are in `client/`. */
export const CLIENT_ENTRIES: ClientEntry[] = Object.entries(config.exports)
  .flatMap(([name, source]) => {
    const [, module] = /^\.\/client\/(\w+)\.ts$/.exec(source) ?? [];
    return module ? [{ path: name.replace("./", ""), module }] : [];
  });

/** The client as one module. */
export interface ClientBundle {
  code: string;
  /** The paths of its source files from the root. */
  inputs: string[];
}

/**
 * Bundles one entry of the client, such as `mod`. The bundler runs as a process of its own until this
 * ends.
 */
export async function bundleClient(
  { entry = "mod", minify }: { entry?: string; minify: boolean },
): Promise<ClientBundle> {
  try {
    const { outputFiles, metafile } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [`client/${entry}.ts`],
      external: ["react"],
      bundle: true,
      format: "esm",
      target: "es2022",
      platform: "browser",
      minify,
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    return { code: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs).sort() };
  } finally {
    await esbuild.stop();
  }
}

/** Writes the package's files into an empty folder. */
export async function writePackage(folder: string): Promise<void> {
  const scripts: Record<string, string> = {};
  for (const { module } of CLIENT_ENTRIES) {
    const { code } = await bundleClient({ entry: module, minify: false });
    scripts[`${module}.js`] = code;
  }
  const files = {
    "package.json": JSON.stringify(createManifest(), null, 2) + "\n",
    "README.md": await readPage(),
    "LICENSE": await Deno.readTextFile(join(ROOT, "LICENSE")),
    ...scripts,
    ...Object.fromEntries(createDeclarations(CLIENT_ENTRIES.map(({ module }) => module))),
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
}

/**
 * Creates a package's tarball with npm.
 *
 * @returns its path.
 * @throws {Error} with what npm says.
 */
export async function packFolder(folder: string, destination: string): Promise<string> {
  const args = ["pack", "--pack-destination", resolve(destination), "--silent"];
  const npm = new Deno.Command("npm", { args, cwd: folder });
  const { success, stdout, stderr } = await npm.output();
  if (!success) throw new Error(`npm pack failed: ${new TextDecoder().decode(stderr)}`);
  return join(destination, new TextDecoder().decode(stdout).trim());
}

function createManifest(): Record<string, unknown> {
  return {
    name: config.name,
    version: config.version,
    description: "The AI back end for apps on InsForge, and its client",
    license: "MIT",
    type: "module",
    exports: Object.fromEntries(
      CLIENT_ENTRIES.map(({ path, module }) => [
        `./${path}`,
        { types: `./${module}.d.ts`, default: `./${module}.js` },
      ]),
    ),
    files: ["*.js", "*.d.ts"],
    peerDependencies: { react: ">=18" },
    peerDependenciesMeta: { react: { optional: true } },
    sideEffects: false,
    engines: { node: ">=20" },
  };
}

/** Reads the documentation of the client. The files that it links to are not in the package. */
async function readPage(): Promise<string> {
  const page = await Deno.readTextFile(join(ROOT, PAGE));
  return page.replace("# The browser client", "# insforge-ai-functions/client")
    .replaceAll(/\[([^\]]+)\]\([\w-]+\.md(?:#[\w-]+)?\)/g, "$1");
}
