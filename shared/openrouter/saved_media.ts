/** Generated files, such as images and audio, and how they are saved to the app's storage. */
import type { Call } from "../http/call.ts";
import { mapConcurrently } from "../concurrency.ts";
import { type ErrorCode, toApiError } from "../errors.ts";
import { type Caller, DATA_TIMEOUT_MS } from "../insforge/client.ts";
import { createSignedUrl, uploadObject } from "../insforge/storage.ts";
import { unusable } from "../gateway/failures.ts";
import type { SavePlace } from "../request/save_place.ts";

/** A generated file, as a data URL or as a URL of the gateway. */
export type Media = { media_type: string } & ({ data_url: string } | { url: string });

/** A file in InsForge's storage. */
export interface SavedMedia {
  /** For a public bucket it loads in a browser; for a private one it needs the user's token. */
  url: string;
  /** A URL that needs no token until `signed_url_seconds` have passed; with that field of `save`. */
  signed_url?: string;
  /** Such as `image/png`. */
  media_type: string;
  /** The bucket that holds the file. */
  bucket: string;
  /** The file's key in the bucket. */
  key: string;
}

/** A file that could not be saved. It is paid for, so it is returned unchanged. */
export type UnsavedMedia = Media & {
  /** Why it was not saved. */
  save_error: { error: ErrorCode; message: string };
};

const CONCURRENT_UPLOADS = 4;
/** The least time for each of InsForge's responses to an upload. */
const MIN_TIMEOUT_MS = 1_000;

/**
 * Stores files as the calling user, each under a new key. A file that cannot be stored is not an error,
 * because a caller who gets an error sends, and pays, the request again. The same holds when storage
 * takes too long: after `REQUEST_DEADLINE_MS`, each of its responses has one second more.
 *
 * @param place.prefix the beginning of the keys, such as `lighthouses/`.
 * @param place.signed_url_seconds how long a signed URL is valid; without it none is created.
 * @throws {ApiError} 502 `AI_UPSTREAM_UNAVAILABLE` for bytes that are not base64.
 */
export function saveMedia(
  caller: Caller,
  media: Media[],
  place: SavePlace,
  call: Pick<Call, "settings" | "elapsedMs">,
): Promise<(SavedMedia | UnsavedMedia)[]> {
  return mapConcurrently(media, CONCURRENT_UPLOADS, (one) => saveOne(caller, one, place, call));
}

async function saveOne(
  caller: Caller,
  one: Media,
  { bucket, prefix = "", signed_url_seconds: seconds }: SavePlace,
  call: Pick<Call, "settings" | "elapsedMs">,
): Promise<SavedMedia | UnsavedMedia> {
  const { settings } = call;
  const { media_type } = one;
  const key = `${prefix}${crypto.randomUUID()}.${toExtension(media_type)}`;
  if (!("data_url" in one)) {
    return toUnsaved(one, unusable("The AI provider returned a URL in place of a file"));
  }
  const content = await readBytes(one.data_url);
  try {
    const leftMs = (settings.REQUEST_DEADLINE_MS - call.elapsedMs()) / 2;
    const timeoutMs = Math.max(MIN_TIMEOUT_MS, Math.min(leftMs, DATA_TIMEOUT_MS));
    const object = { bucket, key, content };
    const { url } = await uploadObject(caller, object, settings, timeoutMs);
    const signed_url = seconds &&
      await createSignedUrl(caller, { bucket, key, seconds }, settings, timeoutMs);
    return { url, ...(signed_url && { signed_url }), media_type, bucket, key };
  } catch (thrown) {
    return toUnsaved(one, thrown);
  }
}

function toUnsaved(one: Media, thrown: unknown): UnsavedMedia {
  const { code, message } = toApiError(thrown);
  return { ...one, save_error: { error: code, message } };
}

/** File extensions that differ from the media type. */
const EXTENSIONS = new Map([["jpeg", "jpg"], ["mpeg", "mp3"], ["plain", "txt"]]);

/** `png`, `jpg`, `webp`, `svg`, `mp3`, `txt` … */
function toExtension(mediaType: string): string {
  const [, subtype = "bin"] = /^\w+\/(\w+)/.exec(mediaType) ?? [];
  return EXTENSIONS.get(subtype) ?? subtype;
}

async function readBytes(dataUrl: string): Promise<Blob> {
  try {
    return await (await fetch(dataUrl)).blob();
  } catch {
    throw unusable("The AI provider's file could not be read");
  }
}
