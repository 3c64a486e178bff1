/** The images of a response, and how they are saved to the app's storage. */
import type { Call } from "../http/call.ts";
import { mapConcurrently } from "../concurrency.ts";
import { type ErrorCode, toApiError } from "../errors.ts";
import { type Caller, DATA_TIMEOUT_MS } from "../insforge/client.ts";
import { uploadObject } from "../insforge/storage.ts";
import { unusable } from "../gateway/failures.ts";

/** An image, as a data URL or as a URL. */
export type Image = { media_type: string } & ({ data_url: string } | { url: string });

/** An image in InsForge's storage. */
export interface SavedImage {
  /** For a public bucket it loads in a browser; for a private one it needs the user's token. */
  url: string;
  /** Such as `image/png`. */
  media_type: string;
  /** The bucket that holds the image. */
  bucket: string;
  /** The image's key in the bucket. */
  key: string;
}

/** An image that could not be saved. It is paid for, so it is returned unchanged. */
export type UnsavedImage = Image & {
  /** Why it was not saved. */
  save_error: { error: ErrorCode; message: string };
};

const CONCURRENT_UPLOADS = 4;
/** The least time for each of InsForge's two responses to an upload. */
const MIN_TIMEOUT_MS = 1_000;

/**
 * Stores images as the calling user, each under a new key. An image that cannot be stored is not an
 * error, because a caller who gets an error sends, and pays, the request again. The same holds when
 * storage takes too long: after `REQUEST_DEADLINE_MS`, each of its responses has one second more.
 *
 * @param place.prefix the beginning of the keys, such as `lighthouses/`.
 * @throws {ApiError} 502 `AI_UPSTREAM_UNAVAILABLE` for bytes that are not base64.
 */
export function saveImages(
  caller: Caller,
  images: Image[],
  { bucket, prefix = "" }: { bucket: string; prefix?: string },
  call: Pick<Call, "settings" | "elapsedMs">,
): Promise<(SavedImage | UnsavedImage)[]> {
  return mapConcurrently(images, CONCURRENT_UPLOADS, async (image) => {
    const { media_type } = image;
    const key = `${prefix}${crypto.randomUUID()}.${toExtension(media_type)}`;
    if (!("data_url" in image)) {
      return toUnsaved(image, unusable("The AI provider returned a URL in place of an image"));
    }
    const content = await readBytes(image.data_url);
    try {
      const leftMs = (call.settings.REQUEST_DEADLINE_MS - call.elapsedMs()) / 2;
      const timeoutMs = Math.max(MIN_TIMEOUT_MS, Math.min(leftMs, DATA_TIMEOUT_MS));
      const object = { bucket, key, content };
      const { url } = await uploadObject(caller, object, call.settings, timeoutMs);
      return { url, media_type, bucket, key };
    } catch (thrown) {
      return toUnsaved(image, thrown);
    }
  });
}

function toUnsaved(image: Image, thrown: unknown): UnsavedImage {
  const { code, message } = toApiError(thrown);
  return { ...image, save_error: { error: code, message } };
}

/** File extensions that differ from the media type. */
const EXTENSIONS = new Map([["jpeg", "jpg"], ["mpeg", "mp3"]]);

/** `png`, `jpg`, `webp`, `svg`, `mp3` … */
function toExtension(mediaType: string): string {
  const [, subtype = "bin"] = /^\w+\/(\w+)/.exec(mediaType) ?? [];
  return EXTENSIONS.get(subtype) ?? subtype;
}

async function readBytes(dataUrl: string): Promise<Blob> {
  try {
    return await (await fetch(dataUrl)).blob();
  } catch {
    throw unusable("The AI provider's image could not be read");
  }
}
