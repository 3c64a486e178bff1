/** Bundles each function into one file per platform. */
import * as esbuild from "esbuild";
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

const INJECTED_SDK = fileURLToPath(new URL("injected_sdk.js", import.meta.url));

const SHARED_OPTIONS = {
  bundle: true,
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
function bundleForCloud(entry: esbuild.BuildOptions): Promise<string> {
  return bundle({
    ...entry,
    // The first line keeps the platform's type check away from the bundler's code.
    banner: { js: "// @ts-nocheck\nlet handler;const start=()=>{" },
    footer: { js: "return bundle.default};export default(...args)=>(handler??=start())(...args);" },
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
}

/** Bundles a script whose only top-level statement exports the handler. */
function bundleForWorker(entry: esbuild.BuildOptions): Promise<string> {
  return bundle({
    ...entry,
    alias: { "@insforge/sdk": INJECTED_SDK },
    banner: { js: "module.exports = (() => {" },
    footer: { js: "return bundle.default; })();" },
  });
}

/** Options that put the default export of a function into the variable `bundle`. */
function toEntry(folder: string, { root, functionsFolder }: App): esbuild.BuildOptions {
  return {
    absWorkingDir: root,
    stdin: {
      contents: `export { default } from "./${folder}/index.ts"`,
      resolveDir: functionsFolder,
    },
    format: "iife",
    globalName: "bundle",
  };
}

async function bundle(options: esbuild.BuildOptions): Promise<string> {
  const { outputFiles: [file] } = await esbuild.build({
    ...SHARED_OPTIONS,
    ...options,
    alias: { ...listLibraryEntries(), ...options.alias },
    plugins: [...options.plugins ?? [], libraryPackages],
    write: false,
  });
  return file!.text;
}
