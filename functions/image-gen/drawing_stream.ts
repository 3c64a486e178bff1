/** Images as a stream: previews, then each image. */
import { type Fields, toText } from "../../shared/fields.ts";
import {
  type Media,
  type SavedMedia,
  saveMedia,
  type UnsavedMedia,
} from "../../shared/openrouter/saved_media.ts";
import type { AiContext } from "../../shared/mod.ts";
import { type TokenUsage, toTokenUsage } from "../../shared/token_usage.ts";
import { toInlineImage, toStreamParams } from "./generation.ts";
import type { ImageRequest } from "./index.ts";

/** A preview of an image. It replaces the preview with a lower number. */
export interface PartialImage {
  /** Always `partial`. */
  type: "partial";
  /** The number of the preview, from 0. */
  index: number;
  /** The preview, as a data URL. */
  image: Media;
}

/** A piece of the text that the model writes besides the images. */
export interface ImageText {
  /** Always `text`. */
  type: "text";
  /** The piece. */
  text: string;
}

/** A finished image, saved in storage when the request says so. */
export interface FinishedImage {
  /** Always `image`. */
  type: "image";
  /** The image: as a data URL, or saved in storage. */
  image: Media | SavedMedia | UnsavedMedia;
  /** The model that generated the image. */
  model: string;
  /** With the last image: tokens and cost of all, when the gateway reports them. */
  usage?: TokenUsage;
}

const PREFIX = "image_generation.";

/**
 * Streams images. Saving takes place between the image of the model and the event with its URL.
 *
 * @throws {ApiError} as `draw`, up to the first event.
 */
export function streamDrawing(context: AiContext<ImageRequest>): Promise<Response> {
  const { ai, settings, user, body: { save, ...request } } = context;
  const params = toStreamParams(request, settings);
  const toEvent = async (event: Fields) => {
    const { b64_json, media_type, partial_image_index, text, phase, usage } = event;
    const type = toText(event.type).replace(PREFIX, "");
    if (type === "text_chunk") {
      return phase === "reasoning" ? undefined : { type: "text", text: toText(text) };
    }
    if (type !== "partial_image" && type !== "completed") return undefined;
    const inline = toInlineImage(toText(b64_json), toText(media_type) || undefined);
    if (type === "partial_image") {
      return { type: "partial", index: Number(partial_image_index ?? 0), image: inline };
    }
    const [image = inline] = save ? await saveMedia(user, [inline], save, context) : [];
    const { model } = params;
    return { type: "image", image, model, usage: toTokenUsage(usage as TokenUsage | undefined) };
  };
  return ai.streamImages(params, {
    convert: (event) => toEvent(event) as Promise<Fields | undefined>,
  });
}
