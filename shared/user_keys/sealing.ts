/**
 * Encrypts secrets that are stored or sent through browsers: AES-256-GCM with
 * `KEYS_ENCRYPTION_KEY`.
 */
import { base64url } from "jose";
import { ApiError } from "../errors.ts";
import type { Settings } from "../settings.ts";

/**
 * The purpose and the user that a text is sealed for; it opens only for the same purpose and user.
 */
export interface Binding {
  /** Distinguishes texts of different kinds. */
  purpose: string;
  /** Id of the user, if the text belongs to one user. */
  userId?: string;
}

/** A text that was sealed. */
export interface Opened {
  /** The text as it was before. */
  text: string;
  /** Whether it was sealed with another key than the first, so that it should be sealed again. */
  retired: boolean;
}

type Key = Uint8Array<ArrayBuffer>;

const NONCE_BYTES = 12;
const encoder = new TextEncoder();

/**
 * Encrypts a text with the first key of `KEYS_ENCRYPTION_KEY`.
 *
 * @returns `<id of the key>.<base64url>`, which fits into URLs and has about 4/3 of the text's bytes
 *   and 50 more.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `KEYS_ENCRYPTION_KEY` is not set.
 */
export async function seal(text: string, binding: Binding, settings: Settings): Promise<string> {
  const [key] = requireKeys(settings);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const cipher = await crypto.subtle.encrypt(
    toAlgorithm(nonce, binding),
    await importKey(key, "encrypt"),
    encoder.encode(text),
  );
  const bytes = new Uint8Array(NONCE_BYTES + cipher.byteLength);
  bytes.set(nonce);
  bytes.set(new Uint8Array(cipher), NONCE_BYTES);
  return `${await toKeyId(key)}.${base64url.encode(bytes)}`;
}

/**
 * Decrypts a text that {@link seal} has encrypted.
 *
 * @returns the text; undefined when `sealed` was altered or is not a sealed text, belongs to another
 *   purpose or user, or was sealed with a key that `KEYS_ENCRYPTION_KEY` does not list.
 * @throws {ApiError} 500 `INTERNAL_ERROR` when `KEYS_ENCRYPTION_KEY` is not set.
 */
export async function open(
  sealed: string,
  binding: Binding,
  settings: Settings,
): Promise<Opened | undefined> {
  const keys = requireKeys(settings);
  const [, keyId, content] = /^([0-9a-f]{8})\.([\w-]+)$/.exec(sealed) ?? [];
  if (keyId === undefined || content === undefined) return undefined;
  const ids = await Promise.all(keys.map(toKeyId));
  const key = keys[ids.indexOf(keyId)];
  if (!key) return undefined;
  try {
    const bytes = new Uint8Array(base64url.decode(content));
    if (base64url.encode(bytes) !== content) return undefined; // the last character has spare bits
    const text = await crypto.subtle.decrypt(
      toAlgorithm(bytes.subarray(0, NONCE_BYTES), binding),
      await importKey(key, "decrypt"),
      bytes.subarray(NONCE_BYTES),
    );
    return { text: new TextDecoder().decode(text), retired: keyId !== ids[0] };
  } catch {
    return undefined;
  }
}

function requireKeys({ KEYS_ENCRYPTION_KEY: keys = [] }: Settings): [Key, ...Key[]] {
  const [first, ...others] = keys;
  if (first) return [first, ...others];
  throw new ApiError(
    500,
    "INTERNAL_ERROR",
    "The setting KEYS_ENCRYPTION_KEY is missing; it must be a key of 32 bytes, in base64 or hex",
  );
}

function importKey(key: Key, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, [use]);
}

/** Purpose and user are additional data: authenticated with the text, and not in it. */
function toAlgorithm(iv: Uint8Array<ArrayBuffer>, { purpose, userId = "" }: Binding): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: encoder.encode(`${purpose}\0${userId}`) };
}

/** Names a key without giving it away: a few bits of its digest. */
async function toKeyId(key: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", key));
  return [...digest.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
