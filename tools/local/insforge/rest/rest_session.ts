/** Transactions of records and rpc: as the caller, with errors in PostgREST's form. */

import type { Database, Identity, Session } from "../database.ts";
import { isDatabaseError } from "../refusal.ts";
import { toRestError } from "./rest_error.ts";

/** As `database.as`. @throws {RestError} for every error of PostgreSQL */
export async function asCaller<T>(
  database: Database,
  caller: Identity,
  options: { readOnly: boolean },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await database.as(caller, work, options);
  } catch (error) {
    throw isDatabaseError(error) ? toRestError(error, caller.role === "anon") : error;
  }
}
