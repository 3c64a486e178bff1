/** Users' own keys in the project's database, where no client role can read them. */
import { readAdminData } from "../../shared/insforge/admin.ts";
import { adminDb } from "../../shared/insforge/client.ts";
import type { Settings } from "../../shared/settings.ts";

/** One user's key, as it is stored. */
export interface StoredKey {
  user_id: string;
  /** Sealed; see `shared/user_keys/user_key.ts`. */
  key: string;
  /** The key as OpenRouter masks it. */
  label: string | null;
  /** When the user connected, ISO 8601. */
  created_at: string;
}

const TABLE = "ai_user_keys";
const SUBJECT = `table ${TABLE}`;

/**
 * Reads a user's key, if there is one.
 *
 * @throws {ApiError} 500 `INTERNAL_ERROR` when the table is missing or InsForge rejects `API_KEY`,
 *   502 `UPSTREAM_FAILURE` when InsForge fails or does not respond. All functions here throw these.
 */
export async function readStoredKey(
  userId: string,
  settings: Settings,
): Promise<StoredKey | undefined> {
  const db = await adminDb(settings);
  const query = db.from(TABLE).select("*").eq("user_id", userId).limit(1);
  const [row] = await readAdminData<StoredKey[]>(query, SUBJECT);
  return row;
}

/** Stores a user's key, in place of an earlier one. */
export async function storeKey(key: StoredKey, settings: Settings): Promise<void> {
  const db = await adminDb(settings);
  await readAdminData(db.from(TABLE).upsert([key], { onConflict: "user_id" }).select(), SUBJECT);
}

/** Replaces the sealed text of a key, unless the row has changed in the meantime. */
export async function replaceSealed(
  { user_id, key }: StoredKey,
  sealed: string,
  settings: Settings,
): Promise<void> {
  const db = await adminDb(settings);
  const update = db.from(TABLE).update({ key: sealed }).eq("user_id", user_id).eq("key", key);
  await readAdminData(update.select(), SUBJECT);
}

/** Deletes a user's key, and returns it. */
export async function deleteStoredKey(
  userId: string,
  settings: Settings,
): Promise<StoredKey | undefined> {
  const db = await adminDb(settings);
  const query = db.from(TABLE).delete().eq("user_id", userId).select();
  const [row] = await readAdminData<StoredKey[]>(query, SUBJECT);
  return row;
}
