/** Images as models answer with them, and their way into the app's storage. */
import type { Call } from "../http/call.ts";
import { mapConcurrently } from "../concurrency.ts";
import { type ErrorCode, toApiError } from "../errors.ts";
import { type Caller, DATA_TIMEOUT_MS } from "../insforge/client.ts";
import { uploadObject } from "../insforge/storage.ts";
import { unusable } from "../gateway/failures.ts";

/** An image: inside the answer, or behind an address. */
export type Image = { media_type: string } & ({ data_url: string } | { url: string });

/** An image in InsForge's storage. */
export interface SavedImage {
  /** Public buckets: loads in a browser as it is. Private ones: needs the user's token. */
  url: string;
  /** Such as `image/png`. */
  media_type: string;
  /** The bucket that holds the image. */
  bucket: string;
  /** The image's key in the bucket. */
  key: string;
}

/** An image that storage did not take: it is paid for, so it is handed over as it came. */
export type UnsavedImage = Image & {
  /** Why it was not saved. */
  save_error: { error: ErrorCode; message: string };
};

const CONCURRENT_UPLOADS = 4;
/** The least time for each of InsForge's two answers to an upload. */
const MIN_TIMEOUT_MS = 1_000;

/**
 * Stores images as the calling user, each under a new key. One that cannot be stored is no failure:
 * whoever met one would ask again, and pay again. Nor is one that storage takes too long for: once
 * `REQUEST_DEADLINE_MS` are over, each of its answers is waited for one second more.
 *
 * @param place.prefix what the keys begin with, such as `lighthouses/`.
 * @throws {ApiError} 502 `AI_UPSTREAM_UNAVAILABLE` for bytes that are no base64.
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
      return toUnsaved(image, unusable("The AI provider answered with an address, not an image"));
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

/** `png`, `jpg`, `webp`, `svg` … */
function toExtension(mediaType: string): string {
  const [, subtype = "bin"] = /^\w+\/(\w+)/.exec(mediaType) ?? [];
  return subtype === "jpeg" ? "jpg" : subtype;
}

async function readBytes(dataUrl: string): Promise<Blob> {
  try {
    return await (await fetch(dataUrl)).blob();
  } catch {
    throw unusable("The AI provider's image could not be read");
  }
}
