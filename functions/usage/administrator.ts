/** Access to operations that concern all users. */
import type { Call } from "../../shared/http/call.ts";
import { findProjectKey } from "../../shared/auth/project_keys.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { ApiError, unauthorized } from "../../shared/errors.ts";

/**
 * Admits callers with the project's API key, as bearer or as `x-api-key`.
 *
 * @throws {ApiError} 403 `FORBIDDEN` for a signed-in user, for whom signing in again does not help;
 * for
 *   all others as `requireUser`.
 */
export async function requireAdministrator(call: Call): Promise<void> {
  const key = await findProjectKey(call);
  if (key?.name === "API_KEY") {
    if (!key.isRight) throw unauthorized("not the project's API key");
    call.userId = "api-key";
    return;
  }
  await requireUser(call);
  throw new ApiError(403, "FORBIDDEN", "This operation requires the project's API key");
}
