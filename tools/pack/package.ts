/** Creates the npm package: JavaScript and types of every entry, and the sources of the tools. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { createClientDeclarations } from "./client_declarations.ts";
import { type Entry, isClient, listEntries } from "./entries.ts";
import { createFunctionDeclarations, createLibraryDeclarations } from "./library_declarations.ts";
import { bundleClient, bundleCommand, bundleLibrary } from "./scripts.ts";
import { listPages, listSources } from "./sources.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = "docs/package.md";
/** The command finds the other files of the package from the folder of its modules. */
const COMMAND = "tools/cli/insforge-ai.js";

/** Writes the package's files into an empty folder. */
export async function writePackage(folder: string): Promise<void> {
  const entries = listEntries();
  const sources = new Map(
    await Promise.all(
      listSources().map(async (path) => [path, await Deno.readTextFile(join(ROOT, path))] as const),
    ),
  );
  const clients = entries.filter(isClient);
  const files = new Map([
    ["package.json", JSON.stringify(createManifest(entries, await hash(sources)), null, 2) + "\n"],
    ["README.md", await readPage()],
    // It keeps Deno from reading the app's configuration as that of these sources.
    ["deno.json", "{}\n"],
    ...createClientDeclarations(clients.map(({ source }) => source)),
    ...await createLibraryDeclarations(entries),
    ...await createFunctionDeclarations(entries),
    ...await bundleLibrary(entries),
  ]);
  for (const { module, source } of clients) {
    files.set(`${module}.js`, (await bundleClient(source, { minify: false })).code);
  }
  for (const [path, text] of sources) files.set(path, text);
  for (const path of listPages()) files.set(path, await Deno.readTextFile(join(ROOT, path)));
  files.set(COMMAND, await bundleCommand());
  for (const [path, text] of files) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
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

/** @param sources a digest of the sources, by which the command recognizes its copy of them. */
function createManifest(entries: Entry[], sources: string): Record<string, unknown> {
  return {
    name: config.name,
    version: config.version,
    description: "The AI back end for apps on InsForge: functions, a library, and a client",
    license: "MIT",
    type: "module",
    sources,
    bin: { "insforge-ai": COMMAND },
    exports: {
      ...Object.fromEntries(
        entries.map(({ name, module }) => [
          name,
          { types: `./${module}.d.ts`, default: `./${module}.js` },
        ]),
      ),
      "./package.json": "./package.json",
    },
    peerDependencies: { "@insforge/sdk": ">=1", react: ">=18" },
    peerDependenciesMeta: { "@insforge/sdk": { optional: true }, react: { optional: true } },
    sideEffects: false,
    engines: { node: ">=20" },
  };
}

async function hash(files: Map<string, string>): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([...files]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex().slice(0, 12);
}

/** Reads the documentation of the package. The files that it links to are not in the package. */
async function readPage(): Promise<string> {
  const page = await Deno.readTextFile(join(ROOT, PAGE));
  return page.replace(/^# .*/, `# ${config.name}`)
    .replaceAll(/\[([^\]]+)\]\([\w./-]+\.md(?:#[\w-]+)?\)/g, "$1");
}
