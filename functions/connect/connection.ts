/** A user's connection with OpenRouter as the user sees it: everything but the key. */
import type { ApiError } from "../../shared/errors.ts";
import type { Call } from "../../shared/http/call.ts";
import { readUserKey, sealUserKey } from "../../shared/user_keys/user_key.ts";
import {
  deleteStoredKey,
  readStoredKey,
  replaceSealed,
  type StoredKey,
  storeKey,
} from "./key_store.ts";
import { type KeyFacts, readKeyFacts } from "./openrouter_keys.ts";
import { toManageUrl } from "./openrouter_pages.ts";

/** A user's connection with OpenRouter; amounts are USD. */
export interface Connection extends KeyFacts {
  /** Whether a key of the user is stored. */
  connected: boolean;
  /** Whether this app works for connected users only. */
  required: boolean;
  /** Whether OpenRouter accepts the stored key. If not, the user has to connect again. */
  valid?: boolean;
  /** ISO 8601. */
  connected_at?: string;
  /** Where the user can limit the key or delete it; disconnecting does not. */
  manage_url?: string;
}

/**
 * Reads a user's connection, and asks OpenRouter about the key. A key that is sealed with a retired
 * encryption key is sealed again with the current one.
 */
export async function readConnection(call: Call, userId: string): Promise<Connection> {
  const { settings } = call;
  const stored = await readStoredKey(userId, settings);
  if (!stored) return { connected: false, required: settings.REQUIRE_USER_KEY };
  const opened = await readUserKey(stored.key, userId, settings);
  if (!opened) return await describe(call, stored);
  if (opened.retired) {
    await replaceSealed(stored, await sealUserKey(opened.text, userId, settings), settings);
  }
  return await describe(call, stored, opened.text, await readKeyFacts(call, opened.text));
}

/**
 * Checks a new key with OpenRouter and stores it.
 *
 * @param toRejection creates the error for a key that OpenRouter rejects.
 */
export async function createConnection(
  call: Call,
  { userId, key, toRejection }: { userId: string; key: string; toRejection: () => ApiError },
): Promise<Connection> {
  const sealed = await sealUserKey(key, userId, call.settings); // first, as a setting may be missing
  const facts = await readKeyFacts(call, key);
  if (!facts) throw toRejection();
  const stored = {
    user_id: userId,
    key: sealed,
    label: facts.label ?? null,
    created_at: new Date().toISOString(),
  };
  await storeKey(stored, call.settings);
  return await describe(call, stored, key, facts);
}

/**
 * Deletes the stored key, if there is one. At OpenRouter it stays valid until its owner deletes it.
 */
export async function deleteConnection(
  { settings }: Call,
  userId: string,
): Promise<Connection> {
  const { KEYS_ENCRYPTION_KEY } = settings; // an invalid one is reported before anything is deleted
  const stored = await deleteStoredKey(userId, settings);
  const opened = stored && KEYS_ENCRYPTION_KEY && await readUserKey(stored.key, userId, settings);
  return {
    connected: false,
    required: settings.REQUIRE_USER_KEY,
    manage_url: opened ? await toManageUrl(opened.text, settings) : undefined,
  };
}

async function describe(
  { settings }: Call,
  { label, created_at }: StoredKey,
  key?: string,
  facts?: KeyFacts,
): Promise<Connection> {
  return {
    connected: true,
    required: settings.REQUIRE_USER_KEY,
    valid: facts !== undefined,
    label: label ?? undefined,
    ...facts,
    connected_at: new Date(created_at).toISOString(),
    manage_url: key && await toManageUrl(key, settings),
  };
}
