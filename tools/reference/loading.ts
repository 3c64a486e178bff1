/** Loads what an app says about its functions: each `reference.ts`, and the comment of the function. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { App } from "../app.ts";
import { loadFunction } from "../functions.ts";
import type { Reference } from "./operation.ts";
import type { Tag } from "./published.ts";

/** Loads the `reference.ts` of a function, which must exist. */
export async function loadReference(app: App, slug: string): Promise<Reference> {
  const path = join(app.functionsFolder, slug, "reference.ts");
  const { reference } = await import(pathToFileURL(path).href);
  return addBodyErrors(reference);
}

/** Describes a function: the comment of its module, its aliases and its description. */
export async function createTag(
  app: App,
  slug: string,
  { description }: Reference,
): Promise<Tag> {
  const source = await Deno.readTextFile(join(app.functionsFolder, slug, "index.ts"));
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(source) ?? [];
  const words = comment.replaceAll(/\s*\n \*/g, " ").trim();
  const [, summary, url] = /^(.+?)(?:\s+(https:\S+))?$/.exec(words) ?? [];
  const { aliases = [] } = await loadFunction(slug, app);
  const also = aliases.map((alias) => `Also served as \`/${alias}\`.`);
  const paragraphs = [summary, ...also, description].filter(Boolean);
  return {
    name: slug,
    description: paragraphs.join("\n\n"),
    externalDocs: url ? { url } : undefined,
  };
}

/** Adds 408 to the operations that read a body, which are those that limit its size. */
function addBodyErrors(reference: Reference): Reference {
  const operations = Object.entries(reference.operations).map(([key, operation]) => {
    const { errors } = operation;
    const statuses = errors.includes(413) ? [...errors, 408].sort((a, b) => a - b) : errors;
    return [key, { ...operation, errors: statuses }];
  });
  return { ...reference, operations: Object.fromEntries(operations) };
}
