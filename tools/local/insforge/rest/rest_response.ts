/** Responses of records and rpc. */

import type { Answer } from "./answer_sql.ts";
import type { Form } from "./media.ts";
import { RestError } from "./rest_error.ts";

/**
 * Creates a response with a body.
 *
 * The body is parsed and serialised again, as InsForge does: a whole number above 2^53 loses its last
 * digits, and comma-separated values are sent as one JSON string.
 */
export function bodyResponse(
  body: string,
  { form, status, headers }: {
    form: Form;
    status: number;
    headers: Record<string, string | undefined>;
  },
): Response {
  const text = JSON.stringify(form.kind === "csv" ? body : JSON.parse(body));
  return new Response(text, {
    status,
    headers: { ...present(headers), "content-type": `${form.mediaType}; charset=utf-8` },
  });
}

/** Creates a response without rows: no body for 204, otherwise an empty array. */
export function emptyResponse(
  status: number,
  headers: Record<string, string | undefined>,
): Response {
  if (status === 204) return new Response(null, { status, headers: present(headers) });
  return Response.json([], { status, headers: present(headers) });
}

/** @throws {RestError} 406 `PGRST116` when one object was requested and the number of rows is not one */
export function requireSingular({ rows }: Answer, form: Form): void {
  if (form.kind !== "object" || rows === 1) return;
  throw new RestError(406, "PGRST116", "JSON object requested, multiple (or no) rows returned", {
    details: `The result contains ${rows} rows`,
  });
}

function present(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
