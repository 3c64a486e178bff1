/** The request for images, without what is done with them afterwards. */
import * as z from "zod/mini";
import { outputLimits } from "../../shared/request/chat_schemas.ts";
import { imageUrl, nonEmptyText, promptText } from "../../shared/request/text_fields.ts";

/** The options that only the image API has. A request with one of them goes there. */
export const IMAGE_API_OPTIONS = [
  "n",
  "size",
  "resolution",
  "aspect_ratio",
  "quality",
  "output_format",
  "output_compression",
  "background",
  "seed",
];

/** What to generate, and how; OpenRouter's other fields pass through. */
export const drawingRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: promptText,
  /** Images to start from: URLs or data URLs. */
  images: z.optional(z.array(imageUrl).check(z.minLength(1), z.maxLength(16))),
  /** The setting `OPENROUTER_IMAGE_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  ...outputLimits,
  image_config: z.optional(z.looseObject({})),
  n: z.optional(z.int().check(z.gte(1), z.lte(10))),
  /** Sends previews, when the provider has them, and then each image; by the image API. */
  stream: z.optional(z.boolean()),
  /** How many previews a stream has at most, with providers that have them. */
  partial_images: z.optional(z.int().check(z.gte(0), z.lte(3))),
});

/** A checked request for images. */
export type DrawingRequest = z.infer<typeof drawingRequest>;
