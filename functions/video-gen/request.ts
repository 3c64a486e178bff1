/** What callers send: orders, ids and lists. */
import * as z from "zod/mini";
import { savePlace } from "../../shared/request/save_place.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import { videoOptions } from "../../shared/request/video_request.ts";

/** A video to generate; OpenRouter's other fields pass through. */
export const videoRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: promptText,
  ...videoOptions,
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
