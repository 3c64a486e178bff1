/** Makes the page's files smaller: browsers need neither types nor comments nor margins. */
import { stripTypeScriptTypes } from "node:module";

const IMPORT = /(import|export)\b([^"'=();]*?)(?:from)?"([^"]+)";?/g;
/** All imports and re-exports at the start of a script. */
const IMPORTS = new RegExp(`^(?:${IMPORT.source})+`);

/** Scripts by their source, because minifying one takes some milliseconds. */
const minified = new Map<string, Promise<string>>();

/** Removes types from TypeScript and minifies it. Package names become URLs. */
export function toLeanScript(text: string): Promise<string> {
  const known = minified.get(text);
  if (known) return known;
  const lean = minifyScript(text);
  minified.set(text, lean);
  return lean;
}

async function minifyScript(text: string): Promise<string> {
  const { minify } = await import("terser"); // needed only when a browser opens the page
  const script = stripTypeScriptTypes(text, { mode: "transform" });
  const { code = "" } = await minify(script, { module: true, compress: false });
  // One import per line, so that tools which search for imports find them.
  return code.replace(IMPORTS, (imports) => imports.replaceAll(IMPORT, toImport));
}

function toImport(_: string, keyword: string, names: string, specifier: string): string {
  const url = /^[\w@]/.test(specifier) ? toPackageUrl(specifier) : specifier;
  return `${keyword}${names}${names ? " from" : ""} "${url}";\n`;
}

/** The URL under which the page loads a package, such as `/client/packages/marked.js`. */
export function toPackageUrl(specifier: string): string {
  return `/client/packages/${specifier.replaceAll(/\W+/g, "-")}.js`;
}

/** Removes comments and spaces from CSS. */
export function toLeanStyle(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=[{};:,])\s+|\s(?={)/g, "").replaceAll(";}", "}");
}

/** Removes margins from HTML and SVG. */
export function toLeanMarkup(text: string): string {
  return text.replace(/^\s+/gm, "");
}
