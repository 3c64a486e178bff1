/** The forms of a response, chosen by `Accept`. */

import { RestError } from "./rest_error.ts";

/** A form of response and its media type. */
export interface Form {
  mediaType: string;
  kind: "list" | "object" | "csv";
  /** Leaves out fields that are null. */
  stripNulls: boolean;
}

const LIST: Form = { mediaType: "application/json", kind: "list", stripNulls: false };
const CSV: Form = { mediaType: "text/csv", kind: "csv", stripNulls: false };
const ARRAY: Form = { ...LIST, mediaType: "application/vnd.pgrst.array+json" };
const OBJECT: Form = { ...LIST, mediaType: "application/vnd.pgrst.object+json", kind: "object" };

const FORMS = new Map([
  ["*/*", LIST],
  ["application/*", LIST],
  ["application/json", LIST],
  ["text/csv", CSV],
  ["application/vnd.pgrst.array", ARRAY],
  ["application/vnd.pgrst.array+json", ARRAY],
  ["application/vnd.pgrst.object", OBJECT],
  ["application/vnd.pgrst.object+json", OBJECT],
]);

/**
 * Returns the first acceptable form.
 *
 * @throws {RestError} 415 `PGRST107` with the requested media types
 */
export function negotiateForm(headers: Headers): Form {
  const wanted = (headers.get("accept") || "*/*").split(",").map(parseMediaType);
  wanted.sort((left, right) => right.weight - left.weight);
  for (const { name, parameters } of wanted) {
    const form = FORMS.get(name);
    if (form) return parameters.nulls === "stripped" ? { ...form, stripNulls: true } : form;
  }
  throw new RestError(
    415,
    "PGRST107",
    `None of these media types are available: ${wanted.map(describe).join(", ")}`,
  );
}

interface Wanted {
  name: string;
  parameters: Record<string, string>;
  weight: number;
}

function parseMediaType(text: string): Wanted {
  const [name = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = Object.fromEntries(rest.map((part) => part.split("=", 2)));
  return { name: name.toLowerCase(), parameters, weight: Number(parameters.q ?? 1) };
}

/** Returns the name with its parameter `for`, as PostgREST does for query plans. */
function describe({ name, parameters }: Wanted): string {
  return parameters.for === undefined ? name : `${name}; for=${parameters.for}`;
}
