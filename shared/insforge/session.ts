/** InsForge's sessions and the keys that their tokens are signed with. */
import type { Settings } from "../settings.ts";
import { unavailable } from "./failures.ts";
import { callInsForge } from "./rest.ts";

const AUTH_TIMEOUT_MS = 5_000;

/** A public key as InsForge publishes it. */
export interface PublishedKey {
  /** The id that a token names in its header. */
  kid: string;
  /** The key type; RSA for the keys that are used here. */
  kty: string;
  /** Other members, see RFC 7517. */
  [member: string]: unknown;
}

/**
 * Asks InsForge whose access token this is.
 *
 * @param token an access token from a request, not yet checked.
 * @returns the user's id, or nothing when InsForge rejects the token.
 * @throws {ApiError} 502 `UPSTREAM_FAILURE` when InsForge does not respond or fails.
 */
export async function getUserId(token: string, settings: Settings): Promise<string | undefined> {
  const path = "/api/auth/sessions/current";
  const { status, body } = await callInsForge(settings, {
    path,
    token,
    timeoutMs: AUTH_TIMEOUT_MS,
  });
  if (status === 401 || status === 403) return undefined;
  const id = status === 200 && (body as { user?: { id?: unknown } } | null)?.user?.id;
  if (typeof id === "string" && id) return id;
  throw unavailable(body);
}

/**
 * Fetches the public keys that InsForge signs access tokens with.
 *
 * @returns the RSA keys that have an id; an empty list when InsForge publishes none.
 * @throws {ApiError} 502 `UPSTREAM_FAILURE` when InsForge does not respond or fails.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export async function fetchPublishedKeys(settings: Settings): Promise<PublishedKey[]> {
  const path = "/api/.well-known/jwks.json";
  const { status, body } = await callInsForge(settings, { path, timeoutMs: AUTH_TIMEOUT_MS });
  const keys = status === 200 && (body as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw unavailable(body);
  return keys.filter((key) => typeof key?.kid === "string" && key.kty === "RSA");
}
