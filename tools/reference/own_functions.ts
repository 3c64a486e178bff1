/** The entries of an app's own functions in the API reference. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../app.ts";
import { createEntry, toPath } from "./entry.ts";
import { toErrorName } from "./failures.ts";
import { createTag, loadReference } from "./loading.ts";
import type { Operation, Schema } from "./operation.ts";
import type { ReferenceDocument } from "./published.ts";
import { toJsonSchema } from "./zod_schema.ts";

/**
 * Adds a function to a document, if it has a `reference.ts`. Unlike those of the built-in functions,
 * its fields have no docstrings, because these need TypeScript.
 *
 * @returns whether it was added.
 * @throws {Error} when the `reference.ts` names a type that the document does not have.
 */
export async function addOwnFunction(
  document: ReferenceDocument,
  app: App,
  slug: string,
): Promise<boolean> {
  if (!existsSync(join(app.functionsFolder, slug, "reference.ts"))) return false;
  const reference = await loadReference(app, slug);
  const describe = (schema: Schema) => toJsonSchema(schema as Parameters<typeof toJsonSchema>[0]);
  const meanings = readMeanings(document);
  for (const [key, operation] of Object.entries(reference.operations)) {
    requireTypes(document, { place: `functions/${slug}/reference.ts`, operation });
    const [method = "", route = ""] = key.split(" ");
    const entry = createEntry({ slug, reference, describe, meanings }, key);
    (document.paths[toPath(slug, route)] ??= {})[method.toLowerCase()] = entry;
  }
  document.tags.push(await createTag(app, slug, reference));
  return true;
}

/** What each status means, as the document says for the built-in functions. */
function readMeanings({ components: { responses = {} } }: ReferenceDocument): Map<number, string> {
  const ofError = Object.entries(responses as Record<string, { description: string }>)
    .filter(([name]) => /^Error\d+$/.test(name));
  return new Map(
    ofError.map(([name, { description }]) => [Number(name.slice("Error".length)), description]),
  );
}

/** Rejects names of types that are not in the document. */
function requireTypes(
  { components: { schemas = {} } }: ReferenceDocument,
  { place, operation }: { place: string; operation: Operation },
): void {
  const { answer, events, toErrorBody } = operation;
  const names = [answer, events].flatMap((shape) =>
    typeof shape === "string" ? shape.split(" | ") : []
  );
  const unknown = [...names, toErrorName(toErrorBody)].filter((name) =>
    !Object.hasOwn(schemas, name)
  );
  if (unknown.length === 0) return;
  throw new Error(
    `${place} names ${
      unknown.join(", ")
    }; "answer" and "events" must be schemas, or types of the built-in functions`,
  );
}
