/** Converts OpenAI's requests for images to those of OpenRouter's image API. */
import * as z from "zod/mini";
import { toOpenAIErrorBody } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { imageProtocol as openRouterProtocol } from "../../shared/openrouter/image_protocol.ts";
import type { ImageList } from "../../shared/openrouter/images.ts";
import type { Protocol } from "../../shared/openrouter/protocol.ts";
import type { Media, SavedMedia, UnsavedMedia } from "../../shared/openrouter/saved_media.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import type { Settings } from "../../shared/settings.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** What to generate, in OpenRouter's form; other fields pass through. */
export const openRouterImagesRequest = z.looseObject({
  prompt: promptText,
  /** The setting `OPENROUTER_IMAGE_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  n: z.nullish(z.int().check(z.gte(1), z.lte(10))),
  size: z.nullish(nonEmptyText),
  quality: z.nullish(nonEmptyText),
  /** Sends previews, when the provider has them, and then each image. */
  stream: z.nullish(z.boolean()),
});

/** What to generate, in OpenAI's form; other fields pass through. */
export const imagesRequest = z.extend(openRouterImagesRequest, {
  /** `url` saves the images in the bucket `IMAGE_BUCKET`, as the caller. */
  response_format: z.nullish(z.enum(["b64_json", "url"])),
}).check(
  z.refine(({ stream, response_format }) => !stream || response_format !== "url", {
    path: ["response_format"],
    message: 'must be "b64_json" in a stream',
  }),
);

/** A checked request in OpenAI's form. */
export type ImagesRequest = z.infer<typeof imagesRequest>;

/** The qualities of OpenAI's older models, and OpenRouter's names for them. */
const QUALITIES = new Map([["standard", "medium"], ["hd", "high"]]);

/**
 * Creates the body for OpenRouter's `/images`: with the default model when the request has none,
 * and without options that are `auto`.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a prompt above `MAX_PROMPT_CHARS`.
 */
export function toImageParams(request: ImagesRequest, settings: Settings): Fields {
  const { response_format: _, size, quality, ...rest } = request;
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
    | ImageList["data"][number] & Partial<Pick<UnsavedMedia, "save_error">>
    | { url: string; media_type: string }
  )[];
}

/** Adds the usage under OpenAI's names for images. */
export function toOpenAIImages({ usage, ...answer }: ImageList): OpenAIImages {
  return usage ? { ...answer, usage: withOpenAINames(usage) } : answer;
}

/** The images of a response as files to save. */
export function toMedia({ data }: ImageList): Media[] {
  return data.map(({ b64_json, media_type = "image/png" }) => ({
    media_type,
    data_url: `data:${media_type};base64,${b64_json}`,
  }));
}

/** The response with the URLs of the images that were saved. */
export function toSavedImages(
  images: OpenAIImages,
  saved: (SavedMedia | UnsavedMedia)[],
): OpenAIImages {
  const data = saved.map((one, i) =>
    "save_error" in one
      ? { ...images.data[i]!, save_error: one.save_error }
      : { url: one.url, media_type: one.media_type }
  );
  return { ...images, data };
}

/** OpenRouter's events, and the error event that OpenAI's SDK reads. */
export const imageProtocol: Protocol = {
  ...openRouterProtocol,
  createReader: () => ({
    ...openRouterProtocol.createReader(),
    toErrorEvent: (error) => JSON.stringify({ type: "error", ...toOpenAIErrorBody(error) }),
  }),
};

/**
 * Converts an event of OpenRouter's to one of OpenAI's.
 *
 * @param kind what the types of the events begin with.
 */
export function toImageEvent(event: Fields, kind: "image_generation" | "image_edit"): Fields {
  const { usage } = event;
  return {
    ...event,
    type: String(event.type).replace(/^image_generation\b/, kind),
    ...(Object(usage) === usage && { usage: withOpenAINames(usage as TokenUsage) }),
  };
}

function withOpenAINames(usage: TokenUsage) {
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens } = usage;
  return { ...usage, input_tokens, output_tokens };
}
