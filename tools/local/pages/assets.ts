/** The files that a browser may load: everything in `client/`, and the packages that it imports. */
import { toLeanMarkup, toLeanScript, toLeanStyle, toPackageUrl } from "./lean.ts";

const ROOT = new URL("../../../", import.meta.url);
/** Folder names have neither a dot nor a percent sign, so no path leads out of `client/`. */
const ASSET = /^client(\/[\w-]+)+\.(?:css|html|svg|ts)$/;

const HIGHLIGHT = "@speed-highlight/core";
/**
 * The files of packages by URL. Browsers do not resolve package names, and an import map would have
 * to be an inline script.
 */
const PACKAGES = new Map([
  ["marked", import.meta.resolve("marked")],
  ...["tokenize", "languages/js.js", "languages/json.js"].map((file) => {
    const specifier = `${HIGHLIGHT}/${file}`;
    return [specifier, import.meta.resolve(specifier)] as const;
  }),
].map(([specifier, file]) => [toPackageUrl(specifier), file]));

const MEDIA_TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  ts: "text/javascript; charset=utf-8",
};

/**
 * Reads a file in the form that browsers need: TypeScript without its types, everything without
 * comments and margins.
 *
 * @param path from the root, such as `client/mod.ts`; packages are `client/packages/<name>.js`.
 * @returns 404 for files that do not exist or are not meant for browsers.
 */
export async function readAsset(path: string): Promise<Response> {
  const known = PACKAGES.get(`/${path}`);
  const file = known ?? (ASSET.test(path) ? path : undefined);
  const text = file && await readText(file);
  if (!text) return new Response("Not found", { status: 404 });
  const extension = file.slice(file.lastIndexOf(".") + 1);
  const headers = {
    "Content-Type": MEDIA_TYPES[extension] ?? "text/plain",
    "Cache-Control": "no-cache",
  };
  // Packages are minified already, but for their licence and the link to a source map.
  const lean = known
    ? text.replaceAll(/^\/\*[\s\S]*?\*\/\s*|^\/\/# source.*/gm, "")
    : await toLean(text, extension);
  return new Response(lean, { headers });
}

function toLean(text: string, extension: string): string | Promise<string> {
  if (extension === "css") return toLeanStyle(text);
  return extension === "ts" ? toLeanScript(text) : toLeanMarkup(text);
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(new URL(file, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
