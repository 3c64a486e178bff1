/** The events of OpenRouter's image API. https://openrouter.ai/docs/api-reference/images */
import { toErrorEvent } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { findError } from "../gateway/upstream_error.ts";
import type { TokenUsage } from "../token_usage.ts";
import type { Protocol, Verdict } from "./protocol.ts";

/** An event of a stream of images. */
export interface ImageEvent {
  /**
   * `image_generation.partial_image`, a preview; `image_generation.text_chunk`, what the model writes;
   * `image_generation.completed`, an image.
   */
  type: string;
  /** The image or the preview, in base64. */
  b64_json?: string;
  /** Such as `image/png`. */
  media_type?: string;
  /** The number of the preview, from 0. */
  partial_image_index?: number;
  /** Tokens and cost, in the last event with an image. */
  usage?: TokenUsage;
  /** Fields that differ between models. */
  [detail: string]: unknown;
}

const COMPLETED = "image_generation.completed";
const NOTABLE = /"type"\s*:\s*"(?:error|image_generation\.completed)"|"error"\s*:\s*[^\sn]/;

/** How images are read. Providers that do not stream answer a streamed request with JSON. */
export const imageProtocol: Protocol = {
  createReader: () => ({ read, isNotable: (text) => NOTABLE.test(text), toErrorEvent }),
  toEvents(response) {
    if (findError(response)) return [response];
    const { data, usage, ...about } = response;
    const images = Array.isArray(data) ? data : [];
    return images.map((image, i) => ({
      type: COMPLETED,
      ...about,
      ...Object(image),
      ...(i === images.length - 1 && { usage }),
    }));
  },
  toResponse(events) {
    const failed = events.find((event) => findError(event));
    const completed = events.filter(({ type }) => type === COMPLETED);
    const [first] = completed;
    if (failed || !first) return failed;
    const data = completed.map(({ b64_json, media_type }) => ({ b64_json, media_type }));
    return { created: first.created, data, usage: completed.findLast(({ usage }) => usage)?.usage };
  },
};

function read(event: Fields): Verdict | undefined {
  const { type, b64_json, text, usage } = event;
  if (type === "error" || findError(event)) return { reports: event, repeats: true };
  return {
    usage: usage as TokenUsage | undefined,
    hasOutput: Boolean(b64_json ?? text),
    finished: type === COMPLETED,
    repeats: true,
  };
}
