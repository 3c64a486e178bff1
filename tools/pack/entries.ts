/** The entries of the package: what an app can import, by name. */
import config from "../../deno.json" with { type: "json" };
import { listSlugs } from "../functions.ts";

/** One entry, such as `insforge-ai-functions/ai-sdk`. */
export interface Entry {
  /** Its name in `exports`, such as `./ai-sdk`, or `.` for the library. */
  name: string;
  /** Its source from the root, such as `client/ai_sdk.ts`. */
  source: string;
  /** Its module in the package, without extension, such as `esm/client/ai_sdk`. */
  module: string;
}

/** The exports of `deno.json`, and one entry per built-in function. */
export function listEntries(): Entry[] {
  const sources = {
    ...config.exports,
    ...Object.fromEntries(listSlugs().map((slug) => [`./${slug}`, `./functions/${slug}/index.ts`])),
  };
  return Object.entries(sources).map(([name, path]) => {
    const source = path.replace(/^\.\//, "");
    return { name, source, module: `esm/${source.replace(/(\/index)?\.ts$/, "")}` };
  });
}

/** Whether an entry is for front ends: it runs everywhere and has no dependency. */
export function isClient({ source }: Entry): boolean {
  return source.startsWith("client/");
}

/** Whether an entry is a built-in function. */
export function isFunction({ source }: Entry): boolean {
  return source.startsWith("functions/");
}

/** Whether an entry is a part of the library that functions are written with. */
export function isLibrary(entry: Entry): boolean {
  return !isClient(entry) && !isFunction(entry);
}
