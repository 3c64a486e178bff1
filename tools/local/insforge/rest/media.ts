/** The forms an answer can take, chosen by `Accept`. */

import { RestError } from "./rest_error.ts";

/** A form of answer and the media type it is sent under. */
export interface Form {
  mediaType: string;
  kind: "list" | "object" | "csv";
  /** Leaves out fields that are null. */
  stripNulls: boolean;
}

const LIST: Form = { mediaType: "application/json", kind: "list", stripNulls: false };

const FORMS: Record<string, Form> = {
  "*/*": LIST,
  "application/*": LIST,
  "application/json": LIST,
  "text/csv": { mediaType: "text/csv", kind: "csv", stripNulls: false },
  "application/vnd.pgrst.array": {
    mediaType: "application/vnd.pgrst.array+json",
    kind: "list",
    stripNulls: false,
  },
  "application/vnd.pgrst.object": {
    mediaType: "application/vnd.pgrst.object+json",
    kind: "object",
    stripNulls: false,
  },
};
FORMS["application/vnd.pgrst.object+json"] = FORMS["application/vnd.pgrst.object"];
FORMS["application/vnd.pgrst.array+json"] = FORMS["application/vnd.pgrst.array"];

/**
 * The first acceptable form.
 *
 * @throws {RestError} 415 `PGRST107` naming what was asked for
 */
export function negotiateForm(headers: Headers): Form {
  const wanted = (headers.get("accept") || "*/*").split(",").map(parseMediaType);
  wanted.sort((left, right) => right.weight - left.weight);
  for (const { name, parameters } of wanted) {
    const form = FORMS[name];
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
  const [name, ...rest] = text.split(";").map((part) => part.trim());
  const parameters = Object.fromEntries(rest.map((part) => part.split("=", 2)));
  return { name: name.toLowerCase(), parameters, weight: Number(parameters.q ?? 1) };
}

/** Of a query plan's parameters only the form it is for belongs to its name. */
function describe({ name, parameters }: Wanted): string {
  return parameters.for === undefined ? name : `${name}; for=${parameters.for}`;
}
