/** Orders of videos, in OpenRouter's form. */
import * as z from "zod/mini";
import { imageUrl, nonEmptyText } from "./text_fields.ts";

/** Seconds of a video; models offer less. */
const MAX_SECONDS = 60;

/** The options of an order. OpenRouter's other fields pass through. */
export const videoOptions = {
  /** The setting `OPENROUTER_VIDEO_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** Seconds. */
  duration: z.optional(z.int().check(z.gte(1), z.lte(MAX_SECONDS))),
  /** Such as `720p` or `1080p`. */
  resolution: z.optional(nonEmptyText),
  /** Such as `16:9` or `9:16`. */
  aspect_ratio: z.optional(nonEmptyText),
  /** Width and height in pixels, such as `1280x720`, instead of the two fields before. */
  size: z.optional(nonEmptyText),
  /** The first and the last frame, as URLs or data URLs. */
  frame_images: z.optional(
    z.array(z.looseObject({
      type: z.literal("image_url"),
      image_url: z.looseObject({ url: imageUrl }),
      frame_type: z.enum(["first_frame", "last_frame"]),
    })).check(z.minLength(1), z.maxLength(2)),
  ),
  generate_audio: z.optional(z.boolean()),
  seed: z.optional(z.int()),
  /** The id of one of the caller's own videos, which this one continues. */
  previous_job_id: z.optional(nonEmptyText),
};
