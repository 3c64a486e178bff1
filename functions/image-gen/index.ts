/** Images from a prompt and, if given, other images. https://openrouter.ai/docs/features/multimodal/image-generation */
import * as z from "zod/mini";
import { createApp } from "../../shared/app.ts";
import { requireUser } from "../../shared/auth.ts";
import { MAX_IMAGE_BODY_BYTES, readBody } from "../../shared/body.ts";
import { mapConcurrently } from "../../shared/concurrency.ts";
import { uploadObject } from "../../shared/insforge.ts";
import { draw, type Drawing, type Image, imageRequest, readBytes } from "./generation.ts";

const CONCURRENT_UPLOADS = 4;

const request = z.extend(imageRequest, {
  save: z.optional(z.strictObject({
    bucket: z.string().check(z.regex(/^[\w-]+$/, "must be a bucket's name: letters, digits, _, -")),
    prefix: z.optional(
      z.string().check(
        z.refine((prefix) => !prefix.includes("..") && !prefix.startsWith("/"), "must hold no .."),
      ),
    ),
  })),
});

/** A checked request, saving included. */
export type ImageRequest = z.infer<typeof request>;

/** An image in InsForge's storage. */
interface SavedImage {
  url: string;
  media_type: string;
  bucket: string;
  key: string;
}

/** The answer. */
export interface ImageAnswer extends Omit<Drawing, "images"> {
  /** At least one: inside the answer, behind an address, or saved. */
  images: (Image | SavedImage)[];
}

const { app, handler } = createApp("image-gen");
export default handler;

app.post("/", async (c) => {
  const call = c.env;
  const user = await requireUser(call);
  const { save, ...order } = await readBody(call, request, MAX_IMAGE_BODY_BYTES);
  const drawing = await draw(call, order);
  if (!save) return c.json(drawing);

  const images = await mapConcurrently(drawing.images, CONCURRENT_UPLOADS, async (image) => {
    const content = await readBytes(image);
    const extension = image.media_type.split("/")[1].replace("jpeg", "jpg").replace(/\W.*/, "");
    const key = `${save.prefix ?? ""}${crypto.randomUUID()}.${extension}`;
    const { url, bucket } = await uploadObject(
      user,
      { bucket: save.bucket, key, content },
      call.settings,
    );
    return { url, media_type: image.media_type, bucket, key };
  });
  const answer: ImageAnswer = { ...drawing, images };
  return c.json(answer);
});
