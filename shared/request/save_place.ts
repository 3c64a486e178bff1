/** Where generated files are saved in the app's storage. */
import * as z from "zod/mini";

/** A bucket, and what the keys in it begin with. */
export const savePlace = z.strictObject({
  bucket: z.string().check(z.regex(/^[\w-]+$/, "must be a bucket's name: letters, digits, _, -")),
  prefix: z.optional(
    z.string().check(
      z.refine(isPrefix, "must not begin with / or hold .. or control characters"),
    ),
  ),
  /** Adds a URL that needs no token for so long, for private buckets; at most 7 days. */
  signed_url_seconds: z.optional(z.int().check(z.gte(1), z.lte(604_800))),
});

/** A checked place. */
export interface SavePlace {
  /** The bucket's name. */
  bucket: string;
  /** What the keys begin with. */
  prefix?: string;
  /** How long the signed URL is valid; without it none is created. */
  signed_url_seconds?: number;
}

/**
 * Whether storage accepts keys with this prefix; its database rejects text that is not well formed.
 */
function isPrefix(text: string): boolean {
  return text.isWellFormed() && !/^\/|\.\.|\p{Cc}/u.test(text);
}
