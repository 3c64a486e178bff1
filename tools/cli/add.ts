/** `insforge-ai add` and `insforge-ai list`: the built-in functions, and those that an app has. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFailure } from "./failure.ts";
import { type BuiltIn, LIBRARY_NAME, listBuiltIns } from "./library.ts";

/**
 * Adds built-in functions to an app. A function that the app has already stays as it is.
 *
 * @returns what was done, one line per function.
 * @throws {CommandFailure} for an unknown slug; nothing is added then.
 */
export function addFunctions(root: string, slugs: string[]): string[] {
  const builtIns = listBuiltIns();
  const unknown = slugs.filter((slug) => !builtIns.some((one) => one.slug === slug));
  if (unknown.length > 0) {
    const known = builtIns.map(({ slug }) => slug).join(", ");
    throw new CommandFailure(
      `Unknown function ${unknown.join(", ")}; the functions are ${known}. ` +
        `"npx insforge-ai new ${unknown[0]}" makes one of your own`,
    );
  }
  return builtIns.filter(({ slug }) => slugs.includes(slug)).map((one) => addFunction(root, one));
}

/** Describes the built-in functions, one line each; a star marks those that the app has. */
export function describeFunctions(root: string): string[] {
  const builtIns = listBuiltIns();
  const width = Math.max(...builtIns.map(({ slug }) => slug.length));
  return builtIns.map(({ slug, description }) => {
    const mark = existsSync(toPath(root, slug)) ? "*" : " ";
    return `${mark} ${slug.padEnd(width)}  ${description}`;
  });
}

/** Returns the path of a function's module in an app. */
export function toPath(root: string, slug: string): string {
  return join(root, "functions", slug, "index.ts");
}

function addFunction(root: string, { slug, hasAliases }: BuiltIn): string {
  const path = toPath(root, slug);
  const name = `functions/${slug}/index.ts`;
  if (existsSync(path)) return `${name} exists and stays as it is`;
  mkdirSync(join(path, ".."), { recursive: true });
  const exports = hasAliases ? "{ aliases, default }" : "{ default }";
  writeFileSync(path, `export ${exports} from "${LIBRARY_NAME}/${slug}";\n`);
  return `${name} added`;
}
