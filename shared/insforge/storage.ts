/** Objects in InsForge's storage, written as the calling user. */
import type { Settings } from "../settings.ts";
import { type Caller, createClient } from "./client.ts";
import { toStorageError } from "./failures.ts";

/** An object in InsForge's storage. */
export interface StoredObject {
  /** The bucket's name. */
  bucket: string;
  /** The object's key in the bucket. */
  key: string;
  /** In a public bucket a browser can load this URL; in a private one it needs the user's token. */
  url: string;
}

/**
 * Checks that storage would accept a file, before one is paid for.
 *
 * This does not guarantee the upload: policies decide for each object. So the key that is asked for
 * begins like the real ones.
 *
 * @throws {ApiError} like {@link uploadObject}.
 */
export async function requireBucket(
  caller: Caller,
  { bucket, prefix = "" }: { bucket: string; prefix?: string },
  settings: Settings,
): Promise<void> {
  const client = await createClient(settings, caller);
  const path = `/api/storage/buckets/${encodeURIComponent(bucket)}/upload-strategy`;
  const filename = `${prefix}${crypto.randomUUID()}.png`;
  const image = { filename, contentType: "image/png", size: 1 };
  try {
    await client.getHttpClient().post(path, image);
  } catch (error) {
    throw toStorageError(error, bucket);
  }
}

/**
 * Uploads one object as the calling user. It replaces an object with the same key.
 *
 * @param timeoutMs how long to wait for each of InsForge's two responses; 15 s unless given.
 * @throws {ApiError} 400 `STORAGE_NOT_FOUND` when the bucket does not exist; 403
 *   `STORAGE_PERMISSION_DENIED` when the user may not write to it; 413 `INVALID_INPUT` when the
 *   object is larger than the project allows; 400 `INVALID_INPUT` when storage rejects it for another
 *   reason; 401 `AUTH_UNAUTHORIZED` when InsForge rejects the token; 502 `UPSTREAM_FAILURE` when
 *   InsForge does not respond or fails.
 */
export async function uploadObject(
  caller: Caller,
  { bucket, key, content }: { bucket: string; key: string; content: Blob },
  settings: Settings,
  timeoutMs?: number,
): Promise<StoredObject> {
  const client = await createClient(settings, { token: caller.token, timeoutMs });
  const { data, error } = await client.storage.from(bucket).upload(key, content);
  if (data?.url) return { bucket: data.bucket, key: data.key, url: data.url };
  throw toStorageError(error, bucket);
}

/** An object, and how long the URL of {@link createSignedUrl} is valid. */
export interface SignedObject {
  /** The bucket's name. */
  bucket: string;
  /** The object's key in the bucket. */
  key: string;
  /** 1 second to 7 days. */
  seconds: number;
}

/**
 * Creates a URL with which anyone can load an object of a private bucket for some time. The caller must
 * be allowed to read the object.
 *
 * @param timeoutMs how long to wait for InsForge's response; 15 s unless given.
 * @returns the URL. InsForge that keeps objects on a local disk cannot sign URLs: there it is the URL
 *   that needs the user's token.
 * @throws {ApiError} as {@link uploadObject}.
 */
export async function createSignedUrl(
  caller: Caller,
  { bucket, key, seconds }: SignedObject,
  settings: Settings,
  timeoutMs?: number,
): Promise<string> {
  const client = await createClient(settings, { token: caller.token, timeoutMs });
  const { data, error } = await client.storage.from(bucket).createSignedUrl(key, seconds);
  if (data?.signedUrl) return data.signedUrl;
  throw toStorageError(error, bucket);
}
