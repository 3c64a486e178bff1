/** Bundles the entries of the package into JavaScript modules without dependencies. */
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { type Entry, isClient } from "./entries.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** One entry of the client as a single module. */
export interface ClientBundle {
  code: string;
  /** The paths of its source files from the root. */
  inputs: string[];
}

const SHARED_OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  metafile: true,
  write: false,
  logLevel: "silent",
} satisfies esbuild.BuildOptions;

/**
 * Bundles one entry of the client into a single module. The frameworks that an adapter is for are not
 * part of it. The bundler runs as a process of its own until this ends.
 *
 * @param source the module from the root, such as `client/mod.ts`.
 */
export async function bundleClient(
  source: string,
  { minify }: { minify: boolean },
): Promise<ClientBundle> {
  try {
    const { outputFiles, metafile } = await esbuild.build({
      ...SHARED_OPTIONS,
      entryPoints: [source],
      packages: "external",
      minify,
    });
    return { code: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs).sort() };
  } finally {
    await esbuild.stop();
  }
}

/**
 * Bundles the library and the functions. They share modules, so that an app with several of them has
 * one copy of each. `@insforge/sdk` is imported from the app when a request reads data.
 *
 * @returns the texts by their paths in the package.
 */
export async function bundleLibrary(entries: Entry[]): Promise<Map<string, string>> {
  const options = {
    ...SHARED_OPTIONS,
    splitting: true,
    chunkNames: "esm/chunks/[hash]",
    outdir: ROOT,
    external: ["@insforge/sdk", "node:*"],
    legalComments: "eof",
  } satisfies esbuild.BuildOptions;
  const toEntryPoints = (some: Entry[]) =>
    Object.fromEntries(some.map(({ module, source }) => [module, source]));
  // All of zod is only in the entry that exports all of it; the others share what they use.
  const isZod = ({ name }: Entry) => name === "./zod";
  const isShared = (entry: Entry) => !isClient(entry) && !isZod(entry);
  try {
    const outputs = await Promise.all([
      esbuild.build({ ...options, entryPoints: toEntryPoints(entries.filter(isShared)) }),
      esbuild.build({
        ...options,
        entryPoints: toEntryPoints(entries.filter(isZod)),
        minify: true,
      }),
    ]);
    return new Map(
      outputs.flatMap(({ outputFiles }) => outputFiles)
        .map(({ path, text }) => [path.slice(ROOT.length), text]),
    );
  } finally {
    await esbuild.stop();
  }
}

/** The parser of the command line is a CommonJS module, which calls `require`. */
const COMMAND_HEAD = `#!/usr/bin/env node
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);`;

/** Bundles the command `insforge-ai` into one script, for Node and Deno. */
export async function bundleCommand(): Promise<string> {
  try {
    const { outputFiles } = await esbuild.build({
      ...SHARED_OPTIONS,
      platform: "node",
      mainFields: ["module", "main"],
      entryPoints: ["tools/cli.ts"],
      banner: { js: COMMAND_HEAD },
      legalComments: "eof",
    });
    return outputFiles[0]!.text;
  } finally {
    await esbuild.stop();
  }
}
