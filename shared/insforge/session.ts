/** InsForge's sessions: whose access token is it? */
import type { Settings } from "../settings.ts";
import { createClient } from "./client.ts";
import { unavailable } from "./failures.ts";

const AUTH_TIMEOUT_MS = 5_000;

/**
 * Asks InsForge whose access token this is.
 *
 * @param token an access token from a request, not yet checked.
 * @returns the user's id, or nothing when InsForge rejects the token.
 * @throws {ApiError} 502 `UPSTREAM_FAILURE` when InsForge does not respond or fails.
 */
export async function getUserId(token: string, settings: Settings): Promise<string | undefined> {
  const client = await createClient(settings, { token, timeoutMs: AUTH_TIMEOUT_MS });
  const { data, error } = await client.auth.getCurrentUser();
  if (data.user?.id) return data.user.id;
  if (error?.statusCode === 401 || error?.statusCode === 403) return undefined;
  throw unavailable(error);
}
