/** Users' own OpenRouter keys as they are stored: encrypted, and bound to their owner. */
import { ApiError } from "../errors.ts";
import { open, type Opened, seal } from "./sealing.ts";
import type { Settings } from "../settings.ts";

const PURPOSE = "insforge-ai-functions user key";

/**
 * Encrypts a user's OpenRouter key for storage.
 *
 * @returns text that {@link openUserKey} opens for the same user.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `KEYS_ENCRYPTION_KEY` is not set.
 */
export function sealUserKey(key: string, userId: string, settings: Settings): Promise<string> {
  return seal(key, { purpose: PURPOSE, userId }, settings);
}

/**
 * Decrypts a user's stored OpenRouter key.
 *
 * @param sealed the text of the row.
 * @param userId the owner of the row.
 * @returns the key, for requests to OpenRouter and nothing else.
 * @throws {ApiError} 403 `AI_INVALID_API_KEY` when it cannot be decrypted, because its encryption key is
 *   missing or the row was changed: the user has to connect again, and no other key may pay. 500
 *   `INTERNAL_ERROR` when `KEYS_ENCRYPTION_KEY` is not set.
 */
export async function openUserKey(
  sealed: string,
  userId: string,
  settings: Settings,
): Promise<string> {
  const opened = await readUserKey(sealed, userId, settings);
  if (opened) return opened.text;
  throw new ApiError(403, "AI_INVALID_API_KEY", "Your OpenRouter key can no longer be read", {
    nextActions: "Connect your OpenRouter account again",
  });
}

/** As {@link openUserKey}, but returns undefined when the key cannot be decrypted. */
export function readUserKey(
  sealed: string,
  userId: string,
  settings: Settings,
): Promise<Opened | undefined> {
  return open(sealed, { purpose: PURPOSE, userId }, settings);
}
