/** From the folders under `functions/` to one file per function and platform. */
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { listSlugs, loadFunction } from "../functions.ts";
import { pinPackage } from "./packages.ts";

/** Where a function runs: Deno Deploy behind InsForge cloud, or InsForge's own worker. */
export type Platform = "cloud" | "self-hosted";

/** One file to deploy. */
export interface Artefact {
  platform: Platform;
  slug: string;
  code: string;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const INJECTED_SDK = fileURLToPath(new URL("injected_sdk.js", import.meta.url));

const SHARED_OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  // The self-hosted worker is Deno 2.0.6; cloud's is newer.
  target: "es2022",
  platform: "browser",
  minify: true,
  legalComments: "none",
  logLevel: "silent",
  write: false,
} satisfies esbuild.BuildOptions;

/**
 * Bundles every function for both platforms, under its slug and under its aliases.
 *
 * Nothing is written and nothing judged. It starts a process of its own, the bundler, and ends it.
 *
 * @returns sorted by platform and slug.
 * @throws {Error} when a function does not bundle; the message names file and line.
 */
export async function bundleFunctions(): Promise<Artefact[]> {
  try {
    const artefacts = await Promise.all(listSlugs().map(bundleFunction));
    return artefacts.flat().sort((a, b) => toPath(a) < toPath(b) ? -1 : 1);
  } finally {
    await esbuild.stop();
  }
}

/** The file of an artefact, below the folder that holds them all. */
export function toPath({ platform, slug }: Pick<Artefact, "platform" | "slug">): string {
  return `${platform}/${slug}.${platform === "cloud" ? "ts" : "js"}`;
}

async function bundleFunction(folder: string): Promise<Artefact[]> {
  const { aliases = [] } = await loadFunction(folder);
  const [cloud, script] = await Promise.all([bundleForCloud(folder), bundleForWorker(folder)]);
  return [folder, ...aliases].flatMap((slug): Artefact[] => [
    { platform: "cloud", slug, code: cloud },
    { platform: "self-hosted", slug, code: script },
  ]);
}

/** A module that fetches its packages itself, each pinned, as its platform has no lock file. */
function bundleForCloud(folder: string): Promise<string> {
  return bundle({
    entryPoints: [`functions/${folder}/index.ts`],
    format: "esm",
    // First line, so that the platform's type check does not judge the bundler's style.
    banner: { js: "// @ts-nocheck" },
    plugins: [{
      name: "pinned packages",
      setup: (build) =>
        build.onResolve(
          { filter: /^[^./]/ },
          ({ path, kind }) =>
            kind === "entry-point" ? null : { path: pinPackage(path), external: true },
        ),
    }],
  });
}

/** A script that holds its packages, and whose only top-level statement exports the handler. */
function bundleForWorker(folder: string): Promise<string> {
  return bundle({
    stdin: {
      contents: `export { default } from "./functions/${folder}/index.ts"`,
      resolveDir: ROOT,
    },
    format: "iife",
    globalName: "bundle",
    alias: { "@insforge/sdk": INJECTED_SDK },
    banner: { js: "module.exports = (() => {" },
    footer: { js: "return bundle.default; })();" },
  });
}

async function bundle(options: esbuild.BuildOptions): Promise<string> {
  const { outputFiles } = await esbuild.build({ ...SHARED_OPTIONS, ...options, write: false });
  return outputFiles[0].text;
}
