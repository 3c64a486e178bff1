/** The API reference of an app: the part of the library's that is about the app's functions. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type App, isLibrary, LIBRARY, LIBRARY_NAME } from "../app.ts";
import { listSlugs } from "../functions.ts";
import { addOwnFunction } from "./own_functions.ts";

/** The document of all built-in functions, relative to the library. `deno task docs` writes it. */
export const DOCUMENT_FILE = "docs/openapi.json";

/** The line with which a function of an app takes a built-in one as it is. */
const RE_EXPORT = new RegExp(
  `^export \\{[^}]*\\bdefault\\b[^}]*\\} from "${LIBRARY_NAME}/([\\w-]+)"`,
  "m",
);

/** A function in the document. */
export interface Tag {
  name: string;
  description: string;
  externalDocs?: { url: string };
}

/** The document. It becomes JSON when its undefined fields are left out. */
export interface ReferenceDocument {
  openapi: string;
  /** One tag per function. */
  tags: Tag[];
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: Record<string, Record<string, unknown>>;
  [field: string]: unknown;
}

/** The reference of an app. */
export interface PublishedReference {
  document: ReferenceDocument;
  /** The functions that the document leaves out: the app's own without a `reference.ts`. */
  missing: string[];
}

/**
 * Reads the API reference of an app's functions. That of the built-in ones is made beforehand, because
 * making it takes seconds and large packages. The app's own functions are added here.
 */
export async function readReference(app: App): Promise<PublishedReference> {
  const text = await readFile(join(LIBRARY, DOCUMENT_FILE), "utf8");
  const document: ReferenceDocument = JSON.parse(text);
  const described = new Set(document.tags.map(({ name }) => name));
  const known = new Set<string>();
  const others: string[] = [];
  for (const slug of listSlugs(app)) {
    if (described.has(slug) && await isBuiltIn(app, slug)) known.add(slug);
    else others.push(slug);
  }
  document.tags = document.tags.filter(({ name }) => known.has(name));
  document.paths = Object.fromEntries(
    Object.entries(document.paths).filter(([path]) => known.has(path.split("/")[1]!)),
  );
  const missing: string[] = [];
  for (const slug of others) {
    if (isLibrary(app.root) || !await addOwnFunction(document, app, slug)) missing.push(slug);
  }
  return { document, missing };
}

/** The document as it is served and written. */
export function formatDocument(document: ReferenceDocument): string {
  return JSON.stringify(document, null, 2) + "\n";
}

/** Whether the app serves the library's function of this slug under the same slug. */
async function isBuiltIn({ root, functionsFolder }: App, slug: string): Promise<boolean> {
  if (isLibrary(root)) return true;
  const code = await readFile(join(functionsFolder, slug, "index.ts"), "utf8");
  return RE_EXPORT.exec(code)?.[1] === slug;
}
