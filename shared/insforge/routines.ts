/** Routines of the app's database, called as the calling user. */
import { unauthorized } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import type { Caller } from "./client.ts";
import { type DataError, unavailable, unexpectedResult } from "./failures.ts";
import { callInsForge } from "./rest.ts";

/** The call of a routine. */
export interface RoutineCall<T> {
  /** The routine's name. */
  name: string;
  /** Its arguments by name. */
  args: Fields;
  /** Creates the error for a response that is not a success. */
  toError: (error: DataError, status: number) => Error;
  /** Whether a value is what the routine returns; every value is unless given. */
  isResult?(value: unknown): value is T;
}

/**
 * Calls a routine with the rights of the calling user.
 *
 * @returns what the routine returns: a value, or rows.
 * @throws {ApiError} 401 `AUTH_UNAUTHORIZED` when InsForge rejects the token; what `toError` returns; 502
 *   `UPSTREAM_FAILURE` when InsForge does not respond, or responds with something else than JSON, or
 *   when the routine returns something else than `isResult` accepts.
 * @see https://docs.postgrest.org/en/v12/references/api/functions.html
 */
export async function callUserRoutine<T>(
  { token }: Caller,
  { name, args, toError, isResult }: RoutineCall<T>,
  settings: Settings,
): Promise<T> {
  const path = `/api/database/rpc/${encodeURIComponent(name)}`;
  const { status, body } = await callInsForge(settings, { path, token, body: args });
  if (status === 401) throw unauthorized(body);
  if (status >= 300) throw toError(Object(body) as DataError, status);
  if (body === undefined) throw unavailable("InsForge did not respond with JSON");
  if (!isResult || isResult(body)) return body as T;
  throw unexpectedResult(name);
}
