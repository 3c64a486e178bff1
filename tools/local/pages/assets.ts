/** The files that a browser may have: everything in `client/`, and the packages it imports. */
import { stripTypeScriptTypes } from "node:module";

const ROOT = new URL("../../../", import.meta.url);
/** Neither a dot nor a percent sign in a folder's name, so that no path leads out. */
const ASSET = /^client(\/[\w-]+)+\.(?:css|html|svg|ts)$/;

/** Browsers resolve no bare names, and an import map would be an inline script. */
const PACKAGES: Record<string, string> = {
  marked: "node_modules/marked/lib/marked.esm.js",
};

const MEDIA_TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  ts: "text/javascript; charset=utf-8",
};

/**
 * Reads a file as browsers need it: TypeScript without its types, and nothing with its margins.
 *
 * @param path from the root, such as `client/mod.ts`; packages are `client/packages/<name>.js`.
 * @returns 404 for whatever is not there or not meant for browsers.
 */
export async function readAsset(path: string): Promise<Response> {
  const [, name] = /^client\/packages\/(\w+)\.js$/.exec(path) ?? [];
  const file = name ? PACKAGES[name] : ASSET.test(path) && path;
  const text = file && await readText(file);
  if (!text) return new Response("Not found", { status: 404 });
  const extension = file.slice(file.lastIndexOf(".") + 1);
  const headers = { "Content-Type": MEDIA_TYPES[extension], "Cache-Control": "no-cache" };
  return new Response(name ? text : toLean(text, extension), { headers });
}

/**
 * Leaves out what no browser reads: types, comments, margins. Text over several lines would lose its
 * own margins, too: no template in `client/` spans lines, and a test looks after that.
 */
function toLean(text: string, extension: string): string {
  if (extension === "css") {
    return text.replace(/\/\*[\s\S]*?\*\/|(?<=[{};:,])\s+|\s(?={)/g, "").replaceAll(";}", "}");
  }
  if (extension !== "ts") return text.replace(/^\s+/gm, "");
  // By Deno itself, in about a millisecond. It leaves every docstring at the start of a line.
  return stripTypeScriptTypes(text, { mode: "transform" })
    .replace(/^ *\/\*\*[\s\S]*?\*\/\s*/gm, "")
    .replace(/^ *(\/\/.*\n)?/gm, "")
    .replace(/(?<=[{(,])\n|\n(?=[})\].?:])|(?<=;)\n(?!import|export)/g, "")
    .replace(/^(import .* from ")(\w+)";$/gm, '$1/client/packages/$2.js";');
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(new URL(file, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
