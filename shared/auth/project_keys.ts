/** The project's own keys, which some operations accept in place of a user's token. */
import type { Call } from "../http/call.ts";
import { findBearerToken } from "./bearer_token.ts";

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
  const token = findBearerToken(request) ?? "";
  const apiKey = token.startsWith("ik_") ? token : request.headers.get("x-api-key");
  if (!apiKey && !token.startsWith("anon_")) return undefined;
  const [name, given] = apiKey ? ["API_KEY", apiKey] as const : ["ANON_KEY", token] as const;
  const expected = settings[name];
  return { name, isRight: expected !== undefined && await isSame(given, expected) };
}

/** Compares digests to their last byte, so that the time it takes reveals nothing about the key. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([toDigest(given), toDigest(expected)]);
  return a.reduce((difference, byte, i) => difference | (byte ^ b[i]!), 0) === 0;
}

async function toDigest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
