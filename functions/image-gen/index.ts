/** Images from a prompt and, if given, other images. https://openrouter.ai/docs/features/multimodal/image-generation */
import * as z from "zod/mini";
import { createApp } from "../../shared/http/app.ts";
import { requireUser } from "../../shared/auth/user_token.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/http/body.ts";
import {
  type Image,
  type SavedImage,
  saveImages,
  type UnsavedImage,
} from "../../shared/openrouter/saved_images.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { draw, type Drawing, drawingRequest } from "./generation.ts";

/** What to draw, and whether to save it. */
export const imageRequest = z.extend(drawingRequest, {
  save: z.optional(z.strictObject({
    bucket: z.string().check(z.regex(/^[\w-]+$/, "must be a bucket's name: letters, digits, _, -")),
    prefix: z.optional(
      z.string().check(
        z.refine(isPrefix, "must not begin with /, nor hold .. or control characters"),
      ),
    ),
  })),
});

/** What storage takes: it fails at keys that are no text to its database, and would be blamed. */
function isPrefix(text: string): boolean {
  return text.isWellFormed() && !/^\/|\.\.|\p{Cc}/u.test(text);
}

/** A checked request, saving included. */
export type ImageRequest = z.infer<typeof imageRequest>;

/** The answer. */
export interface ImageAnswer extends Omit<Drawing, "images"> {
  /** At least one: inside the answer, behind an address, or saved; paid for, though not saved. */
  images: (Image | SavedImage | UnsavedImage)[];
}

const { app, handler } = createApp("image-gen");
export default handler;

app.post("/", async (c) => {
  const call = c.env;
  const user = await requireUser(call);
  const { save, ...order } = await readBody(call, imageRequest, { maxBytes: MAX_IMAGE_BODY_BYTES });
  if (save) await requireBucket(user, save, call.settings);
  const drawing = await draw(call, order);
  if (!save) return c.json(drawing);

  const images = await saveImages(user, drawing.images, save, call);
  const answer: ImageAnswer = { ...drawing, images };
  return c.json(answer);
});
