/** What callers send: orders, ids and lists. */
import * as z from "zod/mini";
import { invalidInput } from "../../shared/errors.ts";
import { savePlace } from "../../shared/request/save_place.ts";
import { imageUrl, nonEmptyText, promptText } from "../../shared/request/text_fields.ts";

/** Seconds of a video; models offer less. */
const MAX_SECONDS = 60;

/** A video to generate; OpenRouter's other fields pass through. */
export const videoRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: promptText,
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
  /** Where to copy the finished video to in the app's storage. */
  save: z.optional(savePlace),
});

/** A checked order. */
export type VideoRequest = z.infer<typeof videoRequest>;

/** The id of a job. */
export const videoId = z.looseObject({ id: nonEmptyText });

/** Which jobs to list. */
export const videosQuery = z.object({
  /** 1 to 100; 20 unless given. */
  limit: z.optional(z.string().check(z.regex(/^([1-9]\d?|100)$/, "must be from 1 to 100"))),
  /** The id of the job after which the list goes on. */
  after: z.optional(nonEmptyText),
});

/**
 * Reads which of a job's videos is requested.
 *
 * @param text the parameter `index`; the first video unless given.
 * @throws {ApiError} 400 `INVALID_INPUT` when it is not a number from 0 to 99.
 */
export function readIndex(text: string | undefined): number {
  if (text === undefined || /^\d{1,2}$/.test(text)) return Number(text ?? 0);
  throw invalidInput('"index" must be a whole number from 0 to 99');
}
