/** Resolves the npm packages of the functions to their locked versions. */
const FOLDER = new URL("../packages/build/", import.meta.url);
const { imports } = await readJson<{ imports: Record<string, string> }>("deno.json");
const { specifiers } = await readJson<{ specifiers: Record<string, string> }>("deno.lock");

/**
 * Turns an import of the library into one that works without an import map.
 *
 * @param specifier a package as the source imports it, such as `hono/tiny`.
 * @returns the same import with the locked version, such as `npm:hono@4.13.19/tiny`.
 * @throws {Error} when no function uses the package.
 */
export function pinPackage(specifier: string): string {
  const key = Object.keys(imports).find((name) =>
    specifier === name || specifier.startsWith(`${name}/`)
  );
  const target = key && imports[key] + specifier.slice(key.length);
  const [, name, range, path = ""] =
    /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)(\/.*)?$/.exec(target ?? "") ??
      [];
  const locked = specifiers[`npm:${name}@${range}`];
  if (!locked) {
    throw new Error(`"${specifier}" is not an npm package of the functions`);
  }
  return `npm:${name}@${locked.split("_")[0]}${path}`;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(new URL(path, FOLDER)));
}
