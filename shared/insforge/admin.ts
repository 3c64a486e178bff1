/** The package's own tables and routines (`ai_*`), used with the project's API key. */
import { type Fields, isRowList } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { requireApiKey } from "./client.ts";
import { type DataError, toAdminError, unexpectedResult } from "./failures.ts";
import { callInsForge } from "./rest.ts";

/** What may differ between calls of routines. */
export interface RoutineOptions<T> {
  /** How long to wait for each response; 15 s unless given. */
  timeoutMs?: number;
  /** Whether a value is what the routine returns; every value is unless given. */
  isResult?(value: unknown): value is T;
}

/**
 * Calls a routine of `migrations/` with the project's own rights.
 *
 * @returns what the routine returns.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the routine does not exist or InsForge rejects the
 *   setting `API_KEY`; 502 `UPSTREAM_FAILURE` when InsForge does not respond or fails, and when the
 *   routine returns something else than `isResult` accepts.
 */
export async function callRoutine<T>(
  name: string,
  args: Fields,
  settings: Settings,
  { timeoutMs, isResult }: RoutineOptions<T> = {},
): Promise<T> {
  const token = requireApiKey(settings);
  const path = `/api/database/rpc/${name}`;
  const { status, body } = await callInsForge(settings, { path, token, body: args, timeoutMs });
  if (status >= 300 || body === undefined) {
    throw toAdminError(Object(body) as DataError, status, `routine ${name}`);
  }
  if (!isResult || isResult(body)) return body as T;
  throw unexpectedResult(name);
}

/**
 * Reads the rows that a request made with `adminDb` returns.
 *
 * @param request a query of the package's own tables.
 * @param subject the table or routine, for error messages.
 * @returns the rows of the response.
 * @throws {ApiError} like {@link callRoutine}.
 */
export async function readAdminData<T extends object[]>(
  request: PromiseLike<{ data: unknown; error: unknown; status: number }>,
  subject: string,
): Promise<T> {
  const { data, error, status } = await request;
  if (!error && isRowList(data)) return data as T;
  throw toAdminError(Object(error) as DataError, status, subject);
}
