/** Converts OpenAI's requests for images to those of OpenRouter's image API. */
import * as z from "zod/mini";
import { requireShort } from "../../shared/request/chat_request.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import type { Image, UnsavedImage } from "../../shared/openrouter/saved_images.ts";
import type { ImageList } from "../../shared/openrouter/images.ts";
import type { Settings } from "../../shared/settings.ts";
import type { Fields } from "../../shared/fields.ts";

/** What to generate; other fields pass through. */
export const imagesRequest = z.looseObject({
  prompt: promptText,
  /** The setting `OPENROUTER_IMAGE_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  n: z.nullish(z.int().check(z.gte(1), z.lte(10))),
  size: z.nullish(nonEmptyText),
  quality: z.nullish(nonEmptyText),
  /** `url` saves the images in the bucket `IMAGE_BUCKET`, as the caller. */
  response_format: z.nullish(z.enum(["b64_json", "url"])),
  stream: z.nullish(z.literal(false)),
});

/** The qualities of OpenAI's older models, and OpenRouter's names for them. */
const QUALITIES = new Map([["standard", "medium"], ["hd", "high"]]);

/**
 * Creates the body for OpenRouter's `/images`: with the default model when the request has none,
 * and without options that are `auto`.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a prompt above `MAX_PROMPT_CHARS`.
 */
export function toImageParams(request: z.infer<typeof imagesRequest>, settings: Settings): Fields {
  const { response_format: _, stream: _1, size, quality, ...rest } = request;
  requireShort(request.prompt, "prompt", settings);
  const params: Fields = {
    model: settings.OPENROUTER_IMAGE_MODEL,
    ...rest,
    size: size === "auto" ? undefined : size,
    quality: QUALITIES.get(quality ?? "") ?? quality,
  };
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
}

/** The response: each image in base64, or its URL in the app's storage if it could be saved. */
export interface OpenAIImages extends Omit<ImageList, "data"> {
  data: (
    | ImageList["data"][number] & Partial<Pick<UnsavedImage, "save_error">>
    | { url: string; media_type: string }
  )[];
}

/** Adds the usage under OpenAI's names for images. */
export function toOpenAIImages({ usage, ...answer }: ImageList): OpenAIImages {
  if (!usage) return answer;
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens } = usage;
  return { ...answer, usage: { ...usage, input_tokens, output_tokens } };
}

/** The images of a response as bytes to save. */
export function toImages({ data }: ImageList): Image[] {
  return data.map(({ b64_json, media_type = "image/png" }) => ({
    media_type,
    data_url: `data:${media_type};base64,${b64_json}`,
  }));
}
