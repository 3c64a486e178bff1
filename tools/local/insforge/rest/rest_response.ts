/** Answers of records and rpc. */

import type { Answer } from "./answer_sql.ts";
import type { Form } from "./media.ts";
import { RestError } from "./rest_error.ts";

/**
 * An answer with a body.
 *
 * The body passes through this program's own JSON, as it passes through InsForge's: a whole number
 * above 2^53 loses its last digits there, and comma-separated values arrive as one JSON text.
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

/** An answer that has nothing to show: without a body for 204, otherwise with an empty list. */
export function emptyResponse(
  status: number,
  headers: Record<string, string | undefined>,
): Response {
  if (status === 204) return new Response(null, { status, headers: present(headers) });
  return Response.json([], { status, headers: present(headers) });
}

/** @throws {RestError} 406 `PGRST116` when one object was asked for and there is not exactly one row */
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
