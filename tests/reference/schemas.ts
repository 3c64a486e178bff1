/** The schemas of the API reference, to validate values with. */
import { Ajv2020 } from "ajv/2020";
import { assert } from "@std/assert";
import { createDocument } from "../../tools/reference/document.ts";
import { formatDocument } from "../../tools/reference/published.ts";

/** The fields of an entry that the tests read. */
export interface Entry {
  operationId: string;
  deprecated?: boolean;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; examples?: Record<string, { value: unknown }> }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, Response>;
}

/** A response, or a reference to one. */
export interface Response {
  $ref?: string;
  description: string;
  content?: Record<string, Content>;
}

/** A body of one media type. */
export interface Content {
  examples?: Record<string, { value: unknown }>;
}

/** The document as it is served: as text, and parsed. */
export const text = formatDocument(await createDocument());
export const document: {
  paths: Record<string, Record<string, Entry>>;
  components: { responses: Record<string, Response> };
} = JSON.parse(text);

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(document, "reference");

/**
 * Fails unless `value` matches the schema at a place in the document, such as `["paths", "/chat",
 * …]`.
 */
export function assertFits(value: unknown, place: string[]): void {
  const pointer = place.map((key) =>
    encodeURIComponent(key.replace(/~/g, "~0").replace(/\//g, "~1"))
  );
  const validate = ajv.getSchema(`reference#/${pointer.join("/")}`);
  assert(validate, `no schema at ${place.join(" ")}`);
  assert(validate(value), `${place.join(" ")}: ${ajv.errorsText(validate.errors)}`);
}

/** Every operation: path, method and entry. */
export function listEntries(): [string, string, Entry][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, entry]): [string, string, Entry] => [path, method, entry])
  );
}

/** Returns the value at a place in the document. */
export function readPlace<T>(place: string[]): T {
  return place.reduce((at, key) => (at as Record<string, unknown>)[key], document as unknown) as T;
}

/**
 * Returns the place of the response with this status: in the operation, or among the shared ones.
 */
export function findResponse(path: string, method: string, status: string): string[] {
  const { responses } = document.paths[path]![method]!;
  const { $ref } = responses[status] ?? {};
  if (!responses[status]) throw new Error(`${method} ${path} does not document ${status}`);
  return $ref ? $ref.slice(2).split("/") : ["paths", path, method, "responses", status];
}
