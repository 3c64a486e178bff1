/** Images as models answer with them, and their way into the app's storage. */
import { mapConcurrently } from "./concurrency.ts";
import { type Caller, uploadObject } from "./insforge.ts";
import { unusable } from "./openrouter_failures.ts";
import type { Settings } from "./settings.ts";

/** An image: inside the answer, or behind an address. */
export type Image = { media_type: string } & ({ data_url: string } | { url: string });

/** An image in InsForge's storage. */
export interface SavedImage {
  /** Public buckets: loads in a browser as it is. Private ones: needs the user's token. */
  url: string;
  media_type: string;
  bucket: string;
  key: string;
}

const CONCURRENT_UPLOADS = 4;

/**
 * Stores images as the calling user, each under a new key.
 *
 * @param place.prefix what the keys begin with, such as `lighthouses/`.
 * @throws {ApiError} 502 `AI_UPSTREAM_UNAVAILABLE` for an address, or bytes that are no base64;
 *   otherwise as `uploadObject`.
 */
export function saveImages(
  caller: Caller,
  images: Image[],
  { bucket, prefix = "" }: { bucket: string; prefix?: string },
  settings: Settings,
): Promise<SavedImage[]> {
  return mapConcurrently(images, CONCURRENT_UPLOADS, async (image) => {
    const { media_type } = image;
    const key = `${prefix}${crypto.randomUUID()}.${toExtension(media_type)}`;
    const content = await readBytes(image);
    const { url } = await uploadObject(caller, { bucket, key, content }, settings);
    return { url, media_type, bucket, key };
  });
}

/** `png`, `jpg`, `webp`, `svg` … */
function toExtension(mediaType: string): string {
  const [, subtype = "bin"] = /^\w+\/(\w+)/.exec(mediaType) ?? [];
  return subtype === "jpeg" ? "jpg" : subtype;
}

async function readBytes(image: Image): Promise<Blob> {
  if (!("data_url" in image)) {
    throw unusable("The AI provider answered with an address instead of an image to save");
  }
  try {
    return await (await fetch(image.data_url)).blob();
  } catch {
    throw unusable("The AI provider's image could not be read");
  }
}
