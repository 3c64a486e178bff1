/** The key that a token must be signed with. */
import { importSPKI, type ProtectedHeaderParameters } from "jose";
import { ApiError, unauthorized } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { findPublishedKey } from "./published_keys.ts";

const MIN_MODULUS_BITS = 2_048;

const importedKeys = new Map<string, Promise<CryptoKey>>();

/**
 * Finds the key that verifies a token, by what the token's header claims.
 *
 * A token with another key id than the configured one may be signed with a newer key, so InsForge's
 * published keys are searched.
 *
 * @param header the header of a token that has not been verified.
 * @returns nothing when no key of this kind is configured: then only InsForge can judge the token.
 * @throws {ApiError} 401 `AUTH_UNAUTHORIZED` for an algorithm that InsForge does not use and for a key
 *   id that it does not publish; 500 `INTERNAL_ERROR` when the setting `JWT_PUBLIC_KEY` is invalid;
 *   502 `UPSTREAM_FAILURE` when InsForge's keys are needed and cannot be fetched.
 */
export async function findVerificationKey(
  { alg, kid }: ProtectedHeaderParameters,
  settings: Settings,
): Promise<CryptoKey | Uint8Array | undefined> {
  const { JWT_PUBLIC_KEY, JWT_KEY_ID, JWT_SECRET } = settings;
  if (alg === "HS256") return JWT_SECRET ? new TextEncoder().encode(JWT_SECRET) : undefined;
  if (alg !== "RS256") throw unauthorized("an algorithm that InsForge does not use");
  if (!JWT_PUBLIC_KEY) return undefined;
  if (kid === (JWT_KEY_ID ?? "")) return await importConfiguredKey(JWT_PUBLIC_KEY);
  const key = await findPublishedKey(kid, settings);
  if (!key) throw unauthorized("an unknown key id");
  return key;
}

async function importConfiguredKey(pem: string): Promise<CryptoKey> {
  let key = importedKeys.get(pem);
  if (!key) {
    // Secrets are often pasted with their line breaks escaped.
    // Where Node's types are present as well, jose has another type for the same key.
    key = importSPKI(pem.replaceAll("\\n", "\n"), "RS256")
      .then((key) => requireStrength(key as CryptoKey));
    importedKeys.set(pem, key);
  }
  try {
    return await key;
  } catch (cause) {
    const message =
      "The setting JWT_PUBLIC_KEY must be a public key of 2048 bits or more in PEM form (SPKI)";
    throw new ApiError(500, "INTERNAL_ERROR", message, { cause });
  }
}

/** Rejects a short key, which verifies no token: every user would be asked to sign in again. */
function requireStrength(key: CryptoKey): CryptoKey {
  const { modulusLength } = key.algorithm as RsaHashedKeyAlgorithm;
  if (modulusLength < MIN_MODULUS_BITS) throw new Error(`a key of ${modulusLength} bits`);
  return key;
}
