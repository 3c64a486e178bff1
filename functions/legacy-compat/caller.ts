/**
 * Who may call the deprecated routes: users, and callers with the project's keys if a setting
 * allows.
 */
import type { Call } from "../../shared/http/call.ts";
import { findProjectKey, type ProjectKey } from "../../shared/auth/project_keys.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { ApiError, unauthorized } from "../../shared/errors.ts";

/**
 * Admits a signed-in user; with `LEGACY_ALLOW_ANON` also a caller with the project's anon key, and
 * with `LEGACY_ALLOW_API_KEY` a caller with its API key, as bearer or as `x-api-key`. The form of a
 * credential decides its kind; a wrong credential never counts as another kind.
 *
 * @throws {ApiError} 401 `AUTH_INVALID_API_KEY` or `AUTH_INVALID_CREDENTIALS` for a wrong key, 401
 *   `AUTH_UNAUTHORIZED` for a right key that is not allowed; otherwise as `requireUser`.
 */
export async function requireCaller(call: Call): Promise<void> {
  const key = await findProjectKey(call);
  if (key) requireAllowed(call, key);
  else await requireUser(call);
}

/**
 * Admits callers with the API key only, as the deprecated catalogue did.
 *
 * @throws {ApiError} 403 `AUTH_UNAUTHORIZED` for a signed-in user, 401 for all others.
 */
export async function requireAdministrator(call: Call): Promise<void> {
  const key = await findProjectKey(call);
  if (key?.name === "API_KEY") return requireAllowed(call, key);
  if (!call.request.headers.has("Authorization")) {
    throw new ApiError(401, "AUTH_INVALID_CREDENTIALS", "No admin token provided");
  }
  await requireUser(call);
  throw new ApiError(403, "AUTH_UNAUTHORIZED", "Admin access required", {
    nextActions: "Check the admin token is valid or login as admin to get a new token.",
  });
}

function requireAllowed(call: Call, { name, isRight }: ProjectKey): void {
  const { LEGACY_ALLOW_API_KEY, LEGACY_ALLOW_ANON } = call.settings;
  if (name === "API_KEY") {
    if (!LEGACY_ALLOW_API_KEY) throw unauthorized("an API key, which LEGACY_ALLOW_API_KEY forbids");
    if (!isRight) {
      throw new ApiError(401, "AUTH_INVALID_API_KEY", "Invalid API key", {
        nextActions: "Check the API key is valid or generate a new API key.",
      });
    }
    call.userId = "api-key";
  } else {
    if (!isRight) throw new ApiError(401, "AUTH_INVALID_CREDENTIALS", "Invalid anon key");
    if (!LEGACY_ALLOW_ANON) throw unauthorized("the anon key, which LEGACY_ALLOW_ANON forbids");
    call.userId = "anonymous";
  }
}
