/** OpenRouter's own image API, which has options that chat models lack. */
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { TokenUsage } from "../token_usage.ts";
import type { ByteSource } from "../http/event_stream.ts";
import { requestJson, requestStream } from "./call.ts";
import { imageProtocol } from "./image_protocol.ts";
import type { Protocol } from "./protocol.ts";

/** The response of OpenRouter's `/images`. */
export interface ImageList {
  /** The time of the response, in seconds since 1970. */
  created: number;
  /** The images in base64, with their media types. */
  data: { b64_json: string; media_type?: string }[];
  /** Tokens and cost, when the gateway states them. */
  usage?: TokenUsage;
}

const PATH = "/images";

/**
 * Generates images.
 *
 * @returns at least one image, base64.
 * @throws {ApiError} as the docs' table of errors says; 502 for a response without an image.
 * @see https://openrouter.ai/docs/api-reference/images
 */
export function createImages(call: Call, params: Fields): Promise<ImageList> {
  const operation = {
    path: PATH,
    params: { ...params, stream: undefined },
    protocol: imageProtocol,
  };
  return requestJson<ImageList>(call, operation, (response, error) => {
    if (error) throw error;
    const images = Array.isArray(response.data) ? response.data : [];
    if (images.length === 0 || images.some((image) => !image?.b64_json)) {
      throw unusable("The AI provider responded without an image");
    }
  });
}

/**
 * Starts a stream of images: previews first, when the provider has them, then each image.
 *
 * @param params the request body; `stream` is set here.
 * @param protocol how events are read and errors are written; OpenRouter's unless given.
 * @returns OpenRouter's bytes. A provider that does not stream gives only the images.
 * @throws {ApiError} as {@link createImages}; 504 past `STREAM_FIRST_EVENT_DEADLINE_MS`.
 */
export function streamImages(
  call: Call,
  params: Fields,
  protocol: Protocol = imageProtocol,
): Promise<ByteSource> {
  return requestStream(call, { path: PATH, params: { ...params, stream: true }, protocol });
}
