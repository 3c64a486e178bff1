/** The library that the command belongs to, and the built-in functions in it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the library: this repository, or the installed package. */
export const LIBRARY = fileURLToPath(new URL("../../", import.meta.url));

/** The name under which an app imports the library. */
export const LIBRARY_NAME = "insforge-ai-functions";

/** A built-in function. */
export interface BuiltIn {
  slug: string;
  /** What it does, in one sentence. */
  description: string;
  /** Whether it is also deployed under further slugs. */
  hasAliases: boolean;
}

/** Reads the version of the library. */
export function readVersion(): string {
  // The package has a package.json; this repository has its version in deno.json.
  const [file = ""] = ["package.json", "deno.json"].map((name) => join(LIBRARY, name))
    .filter(existsSync);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** Lists the built-in functions, sorted by slug. */
export function listBuiltIns(): BuiltIn[] {
  const folder = join(LIBRARY, "functions");
  return readdirSync(folder).filter((slug) => existsSync(join(folder, slug, "index.ts"))).sort()
    .map((slug) => {
      const source = readFileSync(join(folder, slug, "index.ts"), "utf8");
      return {
        slug,
        description: readDescription(source),
        hasAliases: /^export const aliases\b/m.test(source),
      };
    });
}

/** The first sentence of the module's comment. */
function readDescription(source: string): string {
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(source) ?? [];
  const text = comment.replaceAll(/\s*\n \*\s?|\s+/g, " ").trim();
  return text.replace(/\. http\S+.*|\.$/, "");
}
