/** OpenRouter's own image API, which has options that chat models lack. */
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { TokenUsage } from "../token_usage.ts";
import { requestJson } from "./call.ts";

/** The response of OpenRouter's `/images`. */
export interface ImageList {
  /** The time of the response, in seconds since 1970. */
  created: number;
  /** The images in base64, with their media types. */
  data: { b64_json: string; media_type?: string }[];
  /** Tokens and cost, when the gateway states them. */
  usage?: TokenUsage;
}

/**
 * Generates images.
 *
 * @returns at least one image, base64.
 * @throws {ApiError} as the docs' table of errors says; 502 for a response without an image.
 * @see https://openrouter.ai/docs/api-reference/images
 */
export function createImages(call: Call, params: Fields): Promise<ImageList> {
  return requestJson<ImageList>(call, { path: "/images", params }, (response, error) => {
    if (error) throw error;
    const images = Array.isArray(response.data) ? response.data : [];
    if (images.length === 0 || images.some((image) => !image?.b64_json)) {
      throw unusable("The AI provider responded without an image");
    }
  });
}
