/**
 * Generates images from a prompt and, if given, other images.
 * https://openrouter.ai/docs/features/multimodal/image-generation
 */
import * as z from "zod/mini";
import { MAX_IMAGE_BODY_BYTES } from "../../shared/http/body.ts";
import { withAi } from "../../shared/mod.ts";
import { savePlace } from "../../shared/request/save_place.ts";
import {
  type Media,
  type SavedMedia,
  saveMedia,
  type UnsavedMedia,
} from "../../shared/openrouter/saved_media.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { drawingRequest } from "./drawing_request.ts";
import { streamDrawing } from "./drawing_stream.ts";
import { draw, type Drawing } from "./generation.ts";

/** What to generate, and whether to save it in the app's storage. */
export const imageRequest = z.extend(drawingRequest, {
  save: z.optional(savePlace),
});

/** A checked request, saving included. */
export type ImageRequest = z.infer<typeof imageRequest>;

/** The response. */
export interface ImageAnswer extends Omit<Drawing, "images"> {
  /** At least one image: as a data URL, behind a URL, or saved in storage. */
  images: (Media | SavedMedia | UnsavedMedia)[];
}

const config = { slug: "image-gen", body: imageRequest, maxBodyBytes: MAX_IMAGE_BODY_BYTES };

export default withAi(config, async (context) => {
  const { user, settings, body: { save, ...order } } = context;
  if (save) await requireBucket(user, save, settings);
  if (order.stream) return await streamDrawing(context);
  const drawing = await draw(context, order);
  if (!save) return Response.json(drawing);
  const images = await saveMedia(user, drawing.images, save, context);
  return Response.json({ ...drawing, images } satisfies ImageAnswer);
});
