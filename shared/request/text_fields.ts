/** Schemas of texts that occur in many requests. */
import * as z from "zod/mini";

/** A text of at least one character. */
export const nonEmptyText = z.string().check(z.minLength(1));

/** A text with at least one character that is not white space. */
export const promptText = nonEmptyText.check(
  z.refine((text) => /\S/.test(text), "must not be blank"),
);

/** An image by its http(s) URL, or as a data URL. */
export const imageUrl = nonEmptyText.check(
  z.refine(
    (url) => /^(https?:\/\/|data:image\/[\w.+-]+;base64,)/i.test(url),
    "must be an http(s) URL or a data:image/…;base64 URL",
  ),
);
