/** Two ways to an image: a chat model that draws, or OpenRouter's image API with its own options. */
import * as z from "zod/mini";
import type { Call } from "../../shared/http/call.ts";
import {
  imageUrl,
  nonEmptyText,
  promptText,
  requireShort,
} from "../../shared/request/chat_request.ts";
import { outputLimits, withOutputLimit } from "../../shared/request/output_tokens.ts";
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { Image } from "../../shared/openrouter/saved_images.ts";
import { createCompletion, toText } from "../../shared/openrouter/completions.ts";
import { createImages } from "../../shared/openrouter/images.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import type { Fields } from "../../shared/fields.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";

/** The options that only the image API has; one of them is enough to take that way. */
const IMAGE_API_OPTIONS = [
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

/** What to draw, and how; OpenRouter's other fields pass through. */
export const drawingRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  prompt: promptText,
  /** To start from. */
  images: z.optional(z.array(imageUrl).check(z.minLength(1), z.maxLength(16))),
  /** The setting `OPENROUTER_IMAGE_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  ...outputLimits,
  image_config: z.optional(z.looseObject({})),
  n: z.optional(z.int().check(z.gte(1), z.lte(10))),
  stream: z.optional(z.literal(false)),
});

/** A checked order for a drawing. */
export type DrawingRequest = z.infer<typeof drawingRequest>;

/** What was drawn, never nothing. */
export interface Drawing {
  /** At least one image. */
  images: Image[];
  /** What the model wrote beside the images. */
  text?: string;
  /** The model that drew. */
  model: string;
  /** Tokens and cost, when the gateway reports them. */
  usage?: TokenUsage;
}

/**
 * Draws.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when options of both ways are mixed, 403 `FORBIDDEN` when
 *   the model refused, 502 `AI_UPSTREAM_UNAVAILABLE` when it answered with text alone; otherwise as
 *   every call of OpenRouter.
 */
export async function draw(call: Call, request: DrawingRequest): Promise<Drawing> {
  const { prompt, images = [], model: _, ...options } = request;
  const model = request.model ?? call.settings.OPENROUTER_IMAGE_MODEL;
  requireShort(prompt, "prompt", call.settings);
  const parts = images.map((url) => ({ type: "image_url", image_url: { url } }));

  const apiOption = IMAGE_API_OPTIONS.find((name) => options[name] !== undefined);
  if (!apiOption) return await drawByChat(call, { model, prompt, parts, options });
  if (options.image_config) {
    throw invalidInput(
      `"image_config" must be left out beside "${apiOption}"; name its options so`,
    );
  }
  return await drawByImageApi(call, { model, prompt, parts, options });
}

interface Order {
  model: string;
  prompt: string;
  parts: Fields[];
  options: Fields;
}

async function drawByChat(call: Call, order: Order): Promise<Drawing> {
  const { model, prompt, parts, options } = order;
  const params = {
    modalities: ["image", "text"],
    ...options,
    model,
    messages: [{ role: "user", content: [{ type: "text", text: prompt }, ...parts] }],
  };
  const { settings } = call;
  // An image takes thousands of tokens.
  const fallback = settings.MAX_OUTPUT_TOKENS;
  const completion = await createCompletion(
    call,
    withOutputLimit("/chat/completions", params, { settings, fallback }),
  );
  const [{ message, finish_reason }] = completion.choices;
  const found = Array.isArray(message.images) ? message.images : [];
  const images = found.map((image) => toImage(image?.image_url?.url));
  if (images.length === 0) {
    if (message.refusal || finish_reason === "content_filter") {
      throw new ApiError(403, "FORBIDDEN", "The request was refused: the model will not draw it");
    }
    throw new ApiError(
      502,
      "AI_UPSTREAM_UNAVAILABLE",
      `The model ${completion.model} answered without an image`,
      { nextActions: 'Ask for an image more clearly, or name another "model"' },
    );
  }
  const text = toText(message) || undefined;
  return { images, text, model: completion.model, usage: completion.usage };
}

async function drawByImageApi(call: Call, order: Order): Promise<Drawing> {
  const { model, prompt, parts, options } = order;
  const references = parts.length > 0 ? { input_references: parts } : {};
  const { data, usage } = await createImages(call, { ...options, ...references, model, prompt });
  const images = data.map(({ b64_json, media_type }) =>
    toImage(`data:${media_type ?? "image/png"};base64,${b64_json}`)
  );
  return { images, model, usage };
}

function toImage(url: unknown): Image {
  const text = String(url);
  const [, media_type] = /^data:(\w+\/[\w.+-]+)[;,]/.exec(text) ?? [];
  if (media_type) return { media_type, data_url: text };
  if (/^https?:\/\//.test(text)) return { media_type: "image/*", url: text };
  throw unusable("The AI provider's image could not be read");
}
