/** Who may call the old routes: users; holders of the project's keys where a setting lets them. */
import type { Call } from "../../shared/app.ts";
import { requireUser } from "../../shared/auth.ts";
import { ApiError, unauthorized } from "../../shared/errors.ts";

/**
 * Lets through a signed-in user, with `LEGACY_ALLOW_ANON` also whoever sends the project's anon key,
 * with `LEGACY_ALLOW_API_KEY` whoever sends its API key, as bearer or as `x-api-key`. The kind of a
 * credential is told by its form; a bad one is never taken for another kind.
 *
 * @throws {ApiError} 401 `AUTH_INVALID_API_KEY` or `AUTH_INVALID_CREDENTIALS` for a wrong key, 401
 *   `AUTH_UNAUTHORIZED` for a right one that is not allowed; otherwise as `requireUser`.
 */
export async function requireCaller(call: Call): Promise<void> {
  const apiKey = findApiKey(call.request);
  if (apiKey !== undefined) return await requireApiKey(call, apiKey);
  const token = findToken(call.request);
  if (token?.startsWith("anon_")) return await requireAnonKey(call, token);
  await requireUser(call);
}

/**
 * Lets through the holder of the API key alone, as the old catalogue of models did.
 *
 * @throws {ApiError} 403 `AUTH_UNAUTHORIZED` for a signed-in user, 401 for everybody else.
 */
export async function requireAdministrator(call: Call): Promise<void> {
  const apiKey = findApiKey(call.request);
  if (apiKey !== undefined) return await requireApiKey(call, apiKey);
  if (!findToken(call.request)) {
    throw new ApiError(401, "AUTH_INVALID_CREDENTIALS", "No admin token provided");
  }
  await requireUser(call);
  throw new ApiError(403, "AUTH_UNAUTHORIZED", "Admin access required", {
    nextActions: "Check the admin token is valid or login as admin to get a new token.",
  });
}

async function requireApiKey(call: Call, given: string): Promise<void> {
  const { LEGACY_ALLOW_API_KEY, API_KEY } = call.settings;
  if (!LEGACY_ALLOW_API_KEY) throw unauthorized("an API key, which LEGACY_ALLOW_API_KEY forbids");
  if (!API_KEY || !await isSame(given, API_KEY)) {
    throw new ApiError(401, "AUTH_INVALID_API_KEY", "Invalid API key", {
      nextActions: "Check the API key is valid or generate a new API key.",
    });
  }
  call.userId = "api-key";
}

async function requireAnonKey(call: Call, given: string): Promise<void> {
  const { LEGACY_ALLOW_ANON, ANON_KEY } = call.settings;
  if (!ANON_KEY || !await isSame(given, ANON_KEY)) {
    throw new ApiError(401, "AUTH_INVALID_CREDENTIALS", "Invalid anon key");
  }
  if (!LEGACY_ALLOW_ANON) throw unauthorized("the anon key, which LEGACY_ALLOW_ANON forbids");
  call.userId = "anonymous";
}

function findApiKey(request: Request): string | undefined {
  const token = findToken(request);
  return token?.startsWith("ik_") ? token : request.headers.get("x-api-key") || undefined;
}

function findToken(request: Request): string | undefined {
  return /^Bearer +(\S+)$/.exec(request.headers.get("Authorization") ?? "")?.[1];
}

/** Compares digests to their last byte, so that the time it takes says nothing about the key. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([given, expected].map(toDigest));
  return a.reduce((difference, byte, i) => difference | (byte ^ b[i]), 0) === 0;
}

async function toDigest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
