/** Bundles each function into one file per platform. */
import * as esbuild from "esbuild";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Assistant } from "../../shared/assistants/assistant.ts";
import { type App, listLibraryEntries, openApp } from "../app.ts";
import { listSlugs, loadFunction } from "../functions.ts";
import { installPrompts } from "../prompts/folder.ts";
import { libraryPackages, PACKAGES } from "./library_packages.ts";
import { pinPackage } from "./packages.ts";

/** Where a function runs: on InsForge cloud (Deno Deploy), or in the worker of self-hosted InsForge. */
export type Platform = "cloud" | "self-hosted";

/** One file to deploy. */
export interface Artefact {
  platform: Platform;
  slug: string;
  code: string;
  /** Whether the function is not written with the library. */
  isPlain?: boolean;
}

/** A folder for the names of parts. Nothing is written there. */
const PARTS = "/parts";
/** The part with the handler. */
const MAIN = "./stdin.js";
const INJECTED_SDK = fileURLToPath(new URL("injected_sdk.js", import.meta.url));

const SHARED_OPTIONS = {
  bundle: true,
  format: "esm",
  // The self-hosted worker is Deno 2.0.6; cloud's is newer.
  target: "es2022",
  platform: "browser",
  minify: true,
  legalComments: "none",
  logLevel: "silent",
  write: false,
  // An app need not have a package that it shares with the library.
  nodePaths: [PACKAGES],
} satisfies esbuild.BuildOptions;

/**
 * Bundles every function of an app for both platforms, under its slug and its aliases. A folder has
 * precedence over an alias. It neither writes nor checks the artefacts. The bundler runs as a process,
 * which has ended when this returns.
 *
 * @returns the artefacts, sorted by platform and slug.
 * @throws {Error} when a function cannot be bundled, or a prompt file is wrong; the message names the
 *   file and what is wrong in it.
 */
export async function bundleFunctions(app: App = openApp()): Promise<Artefact[]> {
  const define = definePrompts(await installPrompts(app.root));
  try {
    const slugs = listSlugs(app);
    const artefacts = await Promise.all(
      slugs.map((slug) => bundleFunction(slug, { app, slugs, define })),
    );
    return artefacts.flat().sort((a, b) => toPath(a) < toPath(b) ? -1 : 1);
  } finally {
    await esbuild.stop();
  }
}

/** Returns the path of an artefact, relative to the folder that holds them all. */
export function toPath({ platform, slug }: Pick<Artefact, "platform" | "slug">): string {
  return `${platform}/${slug}.${platform === "cloud" ? "ts" : "js"}`;
}

/** Puts the prompts of the app in the place of the variable that `serve` and `start` set. */
function definePrompts(assistants: Assistant[]): Record<string, string> {
  return { "globalThis.INSFORGE_AI_ASSISTANTS": JSON.stringify(assistants) };
}

/** The choices for one function. */
interface BundleOptions {
  app: App;
  slugs: string[];
  define: Record<string, string>;
}

async function bundleFunction(
  folder: string,
  { app, slugs, define }: BundleOptions,
): Promise<Artefact[]> {
  const { default: handler, aliases = [] } = await loadFunction(folder, app);
  // Every function of the library knows its routes.
  const isPlain = !("routes" in handler);
  const entry = { ...toEntry(folder, app), define };
  const [cloud, script] = await Promise.all([bundleForCloud(entry), bundleForWorker(entry)]);
  const names = [folder, ...aliases.filter((alias) => !slugs.includes(alias))];
  return names.flatMap((slug): Artefact[] => [
    { platform: "cloud", slug, code: cloud, isPlain },
    { platform: "self-hosted", slug, code: script, isPlain },
  ]);
}

/**
 * Bundles a module that evaluates the function on its first request. Cloud runs all functions of a
 * project in one isolate and imports every one of them when it starts, so that each request to a cold
 * isolate would otherwise wait for all of them.
 */
async function bundleForCloud(entry: esbuild.BuildOptions): Promise<string> {
  const parts = await bundleParts({
    ...entry,
    plugins: [{
      name: "SDK from npm",
      // The SDK is larger than the rest, and few requests load it.
      setup: (build) =>
        build.onResolve(
          { filter: /^@insforge\/sdk$/ },
          ({ path }) => ({ path: pinPackage(path), external: true }),
        ),
    }],
  });
  // The first line keeps the platform's type check away from the bundler's code.
  return `// @ts-nocheck
let handler;function start(){${await joinParts(parts)}}
export default(...args)=>(handler??=start())(...args);
`;
}

/** Bundles a script whose only statement exports the handler. The worker runs it for one request. */
async function bundleForWorker(entry: esbuild.BuildOptions): Promise<string> {
  const parts = await bundleParts({ ...entry, alias: { "@insforge/sdk": INJECTED_SDK } });
  return `module.exports=(function(){${await joinParts(parts)}})();
`;
}

/** Options for a module with the default export of a function. */
function toEntry(folder: string, { root, functionsFolder }: App): esbuild.BuildOptions {
  return {
    absWorkingDir: root,
    stdin: {
      contents: `export { default } from "./${folder}/index.ts"`,
      resolveDir: functionsFolder,
    },
  };
}

/** The code of modules that import each other, by their paths. {@link MAIN} exports the handler. */
type Parts = Map<string, string>;

/**
 * Bundles a function, without what it does not use, into a module and one for each group of modules
 * that only an `import()` reaches.
 */
async function bundleParts(options: esbuild.BuildOptions): Promise<Parts> {
  const { outputFiles } = await esbuild.build({
    ...SHARED_OPTIONS,
    ...options,
    alias: { ...listLibraryEntries(), ...options.alias },
    plugins: [...options.plugins ?? [], libraryPackages],
    splitting: true,
    outdir: PARTS,
    write: false,
  });
  return new Map(outputFiles.map(({ path, text }) => [`./${basename(path)}`, text]));
}

/**
 * Joins the parts of a function to the body of a JavaScript function that returns the handler. What is
 * reached with `import()` is evaluated when this is first called.
 *
 * The body must not stand in an arrow function: V8 parses all functions within one in full, and not
 * only those that are called. https://v8.dev/blog/preparser
 */
async function joinParts(parts: Parts): Promise<string> {
  const { outputFiles: [file] } = await esbuild.build({
    ...SHARED_OPTIONS,
    stdin: { contents: `export { default } from "${MAIN}"` },
    external: ["npm:*"],
    plugins: [{
      name: "parts",
      setup(build) {
        build.onResolve({ filter: /^\.\// }, ({ path }) => ({ path, namespace: "part" }));
        build.onLoad({ filter: /.*/, namespace: "part" }, ({ path }) => ({
          contents: parts.get(path),
        }));
      },
    }],
    write: false,
  });
  const [statement, name] = /export\{(\S+) as default\};\s*$/.exec(file!.text) ?? [];
  if (!statement) throw new Error("The bundler has not exported the handler");
  return `${file!.text.slice(0, -statement.length)}return ${name}`;
}
