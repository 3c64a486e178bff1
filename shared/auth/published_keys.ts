/** The public keys that InsForge publishes, for tokens signed with a key that is not configured. */
import { requireInsForgeUrl } from "../insforge/client.ts";
import { fetchPublishedKeys } from "../insforge/session.ts";
import type { Settings } from "../settings.ts";

/** Shortest time from one request for the keys to the next: four requests a minute. */
const MIN_INTERVAL_MS = 15_000;
/** How long a key counts as published without another look. */
const MAX_AGE_MS = 10 * 60_000;

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/** What is known of the keys of one InsForge project. */
interface KeySet {
  keys: Map<string, JsonWebKey>;
  fetchedAt: number;
  /** The request in flight or the last one. It rejects when InsForge could not be asked. */
  request: Promise<void>;
}

const sets = new Map<string, KeySet>();

/**
 * Finds a key among those that InsForge publishes.
 *
 * InsForge is asked at most four times a minute, however many unknown ids arrive: each request
 * brings all keys, so tokens of a rotated key are known after one request, and forged ids cause no
 * further ones.
 *
 * @param id the `kid` of a token that has not been verified.
 * @returns nothing when InsForge does not publish such a key.
 * @throws {ApiError} 502 `UPSTREAM_FAILURE` when the keys could not be fetched and the id is unknown.
 */
export async function findPublishedKey(
  id: string | undefined,
  settings: Settings,
): Promise<CryptoKey | undefined> {
  if (id === undefined) return undefined;
  const set = refresh(settings, id);
  const known = set.keys.get(id);
  // A known key stays usable while InsForge cannot be asked.
  await set.request.catch((failure) => {
    if (!known) throw failure;
  });
  const jwk = set.keys.get(id);
  return jwk && await crypto.subtle.importKey("jwk", jwk, RS256, false, ["verify"]);
}

function refresh(settings: Settings, id: string): KeySet {
  const url = requireInsForgeUrl(settings);
  const now = Date.now();
  let set = sets.get(url);
  if (!set) {
    set = { keys: new Map(), fetchedAt: -Infinity, request: Promise.resolve() };
    sets.set(url, set);
  }
  const age = now - set.fetchedAt;
  if (age < MIN_INTERVAL_MS || age < MAX_AGE_MS && set.keys.has(id)) return set;
  set.fetchedAt = now;
  set.request = fetchInto(set, settings);
  set.request.catch(() => {}); // those who wait for it see the failure
  return set;
}

async function fetchInto(set: KeySet, settings: Settings): Promise<void> {
  const keys = await fetchPublishedKeys(settings);
  set.keys = new Map(keys.map((key) => [key.kid, key as JsonWebKey]));
}
