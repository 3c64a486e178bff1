/**
 * Installs the packages of a task.
 *
 * Deno installs every package that a configuration names. The repository's own configuration names
 * those of all tests, so each task has one of its own in `tools/packages/`, which `deno task packages`
 * writes. It is copied to `.local/packages/`, where the packages are installed.
 *
 * As a program it installs a set of packages and ends: `tools/task/packages.ts start`.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type App, isLibrary, LIBRARY, LIBRARY_NAME, listLibraryEntries, openApp } from "../app.ts";

/** A folder of `tools/packages/`. */
export type PackageSet = "start" | "serve" | "build";

/** The folders of the library whose modules import its packages. */
const SOURCES = ["functions", "shared", "tools"];

/** The parts of a configuration that are read here. */
interface Configuration {
  imports?: Record<string, string>;
  [field: string]: unknown;
}

/**
 * Installs a set of packages in the app's `.local/packages/`, unless they are there.
 *
 * The functions of an app import the library by its name, and find other packages in the app's
 * `node_modules`. A package that the app and the library have in two versions is used by each in its
 * own.
 *
 * @returns the options with which Deno uses the packages.
 * @throws {Error} when the packages cannot be downloaded. The message contains Deno's own.
 */
export async function installPackages(name: PackageSet, app: App): Promise<string[]> {
  const folder = join(app.localFolder, "packages", name);
  const [config, lock] = await Promise.all(
    ["deno.json", "deno.lock"].map((file) =>
      Deno.readTextFile(join(LIBRARY, "tools/packages", name, file))
    ),
  );
  const stamp = join(folder, "installed.txt");
  await Deno.mkdir(folder, { recursive: true });
  // Several processes may start at the same time: one of them writes, and the others wait for it.
  using turn = await Deno.open(join(folder, "turn"), { create: true, write: true });
  await turn.lock(true);
  if (await readText(stamp) !== config! + lock) {
    await Deno.writeTextFile(join(folder, "deno.json"), config!);
    await Deno.writeTextFile(join(folder, "deno.lock"), lock!);
    await install(folder, name);
    await Deno.writeTextFile(stamp, config! + lock);
  }
  const used: Configuration = JSON.parse(config!);
  const packages = used.imports ?? {};
  // Deno installs the packages of every folder that an import map leads to: this one is not installed.
  used.imports = {
    ...leaveOutOwn(packages, app),
    ...await readOwnImports(app),
    ...toUrls(listLibraryEntries()),
  };
  // Deno replaces a scope of the library's folder itself by the empty configuration that is there.
  const scopes = SOURCES.map((name) => pathToFileURL(join(LIBRARY, name, "/")).href);
  used.scopes = Object.fromEntries(scopes.map((scope) => [scope, packages]));
  const file = join(folder, "run.json");
  await writeChanged(file, JSON.stringify(used, null, 2));
  return [`--config=${file}`, "--no-lock"];
}

async function install(folder: string, name: string): Promise<void> {
  console.error(`Downloading the packages of "${name}", once`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--frozen", "--node-modules-dir=auto"],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (success) return;
  throw new Error(`The packages cannot be installed: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Leaves out the packages that the app has in a `node_modules`, as its functions use those. */
function leaveOutOwn(packages: Record<string, string>, { root }: App): Record<string, string> {
  if (isLibrary(root)) return packages;
  const isOwn = (name: string) =>
    createRequire(join(root, "package.json"))
      .resolve.paths(name)!.some((folder) => existsSync(join(folder, name)));
  return Object.fromEntries(
    Object.entries(packages).filter(([name]) => !isOwn(/^(@[^/]+\/)?[^/]+/.exec(name)![0])),
  );
}

/** The files that the app's `deno.json` gives names to, such as `@/` for `./src/`. */
async function readOwnImports({ root }: App): Promise<Record<string, string>> {
  if (isLibrary(root)) return {};
  const text = await readText(join(root, "deno.json"));
  const { imports = {} }: Configuration = text ? JSON.parse(text) : {};
  const paths = Object.entries(imports).filter(([name, target]) =>
    /^\.{0,2}\//.test(target) && name.split("/")[0] !== LIBRARY_NAME
  );
  return toUrls(
    Object.fromEntries(paths.map(([name, target]) => [name, join(root, target)])),
  );
}

function toUrls(paths: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [name, pathToFileURL(path).href]),
  );
}

async function readText(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

async function writeChanged(path: string, text: string): Promise<void> {
  if (await readText(path) !== text) await Deno.writeTextFile(path, text);
}

if (import.meta.main) await installPackages(Deno.args[0] as PackageSet, openApp());
