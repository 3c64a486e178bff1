/** The npm packages of this project: `deno.json` names them, `deno.lock` says which version. */
const ROOT = new URL("../../", import.meta.url);
const { imports } = await readJson<{ imports: Record<string, string> }>("deno.json");
const { specifiers } = await readJson<{ specifiers: Record<string, string> }>("deno.lock");

/**
 * Turns an import of this project into one that needs no import map.
 *
 * @param specifier a package as the source imports it, such as `hono/tiny`.
 * @returns the locked version of it, such as `npm:hono@4.13.19/tiny`.
 * @throws {Error} when the package is not among the imports of `deno.json`, or not locked.
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
    throw new Error(`"${specifier}" is no npm package that deno.json and deno.lock know`);
  }
  return `npm:${name}@${locked.split("_")[0]}${path}`;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
}
