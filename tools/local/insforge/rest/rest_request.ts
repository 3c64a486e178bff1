/** What records and rpc read from a request before they use the database. */

import { Refusal } from "../refusal.ts";
import { type Form, negotiateForm } from "./media.ts";
import { parsePreferences, type Preferences } from "./preferences.ts";
import { parseQuery, type Query } from "./query.ts";
import { applyRange } from "./range.ts";
import { RestError } from "./rest_error.ts";

/** A request, parsed without the schema. */
export interface RestRequest {
  query: Query;
  preferences: Preferences;
  form: Form;
  /** HEAD: no body. */
  headersOnly: boolean;
}

/**
 * Parses a request.
 *
 * @param withArguments whether parameters may be arguments of a function
 * @throws {RestError} for an unknown schema, and for parameters that cannot be parsed
 */
export function readRestRequest(request: Request, withArguments = false): RestRequest {
  const parameters = new URL(request.url).searchParams;
  requirePublic(request, parameters);
  parameters.delete("schema");
  const query = parseQuery(parameters, withArguments);
  applyRange(query, request);
  return {
    query,
    preferences: parsePreferences(request.headers),
    form: negotiateForm(request.headers),
    headersOnly: request.method === "HEAD",
  };
}

/** Refuses names that InsForge does not forward to PostgREST. @throws {Refusal} 400 */
export function requireIdentifier(name: string, kind: "table" | "function"): string {
  // deno-lint-ignore no-control-regex
  if (!/^[^"\x00-\x1F\x7F]+$/.test(name)) {
    throw new Refusal(
      400,
      "DATABASE_VALIDATION_ERROR",
      `Invalid ${kind} name: cannot contain quotes or control characters`,
      `The ${kind} name cannot contain double quotes or control characters (tabs, newlines, etc.)`,
    );
  }
  return name;
}

function requirePublic(request: Request, parameters: URLSearchParams): void {
  const reading = request.method === "GET" || request.method === "HEAD";
  const given = parameters.getAll("schema");
  if (given.length > 1 || given[0]?.trim() === "") {
    const message = 'The "schema" query parameter must be a single non-empty schema name.';
    throw new Refusal(400, "INVALID_INPUT", message);
  }
  const profile = request.headers.get(reading ? "accept-profile" : "content-profile");
  const schema = (given[0] ?? profile)?.trim() || "public";
  if (schema !== "public") {
    throw new RestError(406, "PGRST106", "The schema must be one of the following: public");
  }
}
