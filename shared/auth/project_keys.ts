/** The project's own keys, which some operations accept in place of a user's token. */
import type { Call } from "../http/call.ts";
import { ApiError, unauthorized } from "../errors.ts";
import { findBearerToken } from "./bearer_token.ts";
import { requireUser, type User } from "./user_token.ts";

/** The id under which the holder of the API key is logged and charged. */
const PROJECT_KEY_ID = "api-key";

/** A key of the project in a request. */
export interface ProjectKey {
  /** Which key the request claims to carry, by its form; also the name of its setting. */
  name: "API_KEY" | "ANON_KEY";
  /** Whether it is the project's key. */
  isRight: boolean;
}

/**
 * Finds a key of the project in a request: the API key as bearer token (`ik_…`) or as `x-api-key`,
 * the anon key as bearer token (`anon_…`). A wrong key is still a key; it is never taken for another
 * kind of credential.
 *
 * @returns nothing when the request carries neither.
 */
export async function findProjectKey(
  { request, settings }: Call,
): Promise<ProjectKey | undefined> {
  const token = findBearerToken(request.headers) ?? "";
  const apiKey = token.startsWith("ik_") ? token : request.headers.get("x-api-key");
  if (!apiKey && !token.startsWith("anon_")) return undefined;
  const [name, given] = apiKey ? ["API_KEY", apiKey] as const : ["ANON_KEY", token] as const;
  const expected = settings[name];
  return { name, isRight: expected !== undefined && await isSame(given, expected) };
}

/**
 * Requires the project's API key, as bearer token or as `x-api-key`.
 *
 * @returns a user that stands for the key: the id is `api-key`, and what it spends is charged to that.
 * @throws {ApiError} 403 `FORBIDDEN` for a signed-in user, because signing in again does not help; 401
 *   for everybody else, as `requireUser`.
 */
export async function requireProjectKey(call: Call): Promise<User> {
  const key = await findProjectKey(call);
  if (key?.name === "API_KEY") {
    if (!key.isRight) throw unauthorized("not the project's API key");
    call.userId = PROJECT_KEY_ID;
    return { id: PROJECT_KEY_ID, token: call.settings.API_KEY! };
  }
  await requireUser(call);
  throw new ApiError(403, "FORBIDDEN", "This operation requires the project's API key");
}

/** Compares digests to their last byte, so that the time it takes reveals nothing about the key. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([toDigest(given), toDigest(expected)]);
  return a.reduce((difference, byte, i) => difference | (byte ^ b[i]!), 0) === 0;
}

async function toDigest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
