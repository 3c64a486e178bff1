/** Generates images in one of two ways: by a chat model, or by OpenRouter's image API. */
import { requireShort } from "../../shared/request/chat_request.ts";
import { withOutputLimit } from "../../shared/request/output_tokens.ts";
import { ApiError, invalidInput } from "../../shared/errors.ts";
import type { Media } from "../../shared/openrouter/saved_media.ts";
import { toExcerpt } from "../../shared/gateway/redaction.ts";
import type { AiContext, ChatAnswer } from "../../shared/mod.ts";
import { unusable } from "../../shared/gateway/failures.ts";
import { type Fields, toText } from "../../shared/fields.ts";
import type { Settings } from "../../shared/settings.ts";
import { type TokenUsage, toTokenUsage } from "../../shared/token_usage.ts";
import { type DrawingRequest, IMAGE_API_OPTIONS } from "./drawing_request.ts";

/** The generated images. */
export interface Drawing {
  /** At least one image. */
  images: Media[];
  /** The text that the model wrote besides the images. */
  text?: string;
  /** The model that generated the images. */
  model: string;
  /** Tokens and cost, when the gateway reports them. */
  usage?: TokenUsage;
}

/** The parts of the context that are needed. */
type Context = Pick<AiContext<unknown>, "ai" | "settings">;

/**
 * Generates images with a chat model, or with OpenRouter's image API when an option of that API is
 * given.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when options of both are mixed; 403 `FORBIDDEN` when the
 *   model refused; 502 `AI_UPSTREAM_UNAVAILABLE` when it responded with text only; otherwise as every
 *   call of OpenRouter.
 */
export async function draw(context: Context, request: DrawingRequest): Promise<Drawing> {
  const order = toOrder(request, context.settings);
  const apiOption = IMAGE_API_OPTIONS.find((name) => order.options[name] !== undefined);
  if (!apiOption) return await drawByChat(context, order);
  return await drawByImageApi(context, toImageApiParams(order, apiOption));
}

/**
 * Converts a request to the body of a stream of OpenRouter's image API.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when an option of chat models is given.
 */
export function toStreamParams(request: DrawingRequest, settings: Settings): ImageApiParams {
  return toImageApiParams(toOrder(request, settings), "stream");
}

function toOrder(request: DrawingRequest, settings: Settings): Order {
  const { prompt, images = [], model, stream: _, ...options } = request;
  requireShort(prompt, "prompt", settings);
  const parts = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return { model: model ?? settings.OPENROUTER_IMAGE_MODEL, prompt, parts, options };
}

interface Order {
  model: string;
  prompt: string;
  parts: Fields[];
  options: Fields;
}

async function drawByChat({ ai, settings }: Context, order: Order): Promise<Drawing> {
  const { model, prompt, parts, options } = order;
  const request = (modalities: string[]) => {
    const content = [{ type: "text", text: prompt }, ...parts];
    const params = { modalities, ...options, model, messages: [{ role: "user", content }] };
    // An image takes thousands of tokens.
    const limits = { settings, fallback: settings.MAX_OUTPUT_TOKENS };
    return ai.complete(withOutputLimit("/chat/completions", params, limits));
  };
  const answer = await request(["image", "text"]).catch((failure) => {
    // Some models generate nothing but images. The rejected request was not billed.
    if (!isAboutModalities(failure) || options.modalities) throw failure;
    return request(["image"]);
  });
  const found = Array.isArray(answer.images) ? answer.images : [];
  if (found.length === 0) throw withoutImage(answer);
  const images = found.map((image) => toImage(image?.image_url?.url));
  return { images, text: answer.text || undefined, model: answer.model, usage: answer.usage };
}

function isAboutModalities(failure: unknown): boolean {
  return failure instanceof ApiError && /output modalities/i.test(failure.message);
}

/** The failure of a turn that ended without an image, with the model's words when it has some. */
function withoutImage({ model, text, refusal, finish_reason }: ChatAnswer): ApiError {
  const words = toExcerpt(refusal || text);
  if (refusal || finish_reason === "content_filter") {
    const reason = words ? `: ${words}` : "";
    const message = `The request was refused: the model will not draw it${reason}`;
    return new ApiError(403, "FORBIDDEN", message);
  }
  const said = words ? `: ${words}` : "";
  const message = `The model ${model} answered without an image${said}`;
  return new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", message, {
    nextActions: 'Ask for an image more clearly, or choose another "model"',
  });
}

/** The body of a request to the image API. */
type ImageApiParams = Fields & { prompt: string; model: string };

/** @param apiOption the field because of which the request goes to the image API. */
function toImageApiParams({ model, prompt, parts, options }: Order, apiOption: string) {
  if (options.image_config) {
    throw invalidInput(
      `"image_config" cannot be combined with "${apiOption}"; pass its options as top-level fields`,
    );
  }
  const references = parts.length > 0 ? { input_references: parts } : {};
  return { ...options, ...references, model, prompt };
}

async function drawByImageApi({ ai }: Context, params: ImageApiParams): Promise<Drawing> {
  const { data, usage } = await ai.images(params);
  const images = data.map(({ b64_json, media_type }) => toInlineImage(b64_json, media_type));
  return { images, model: params.model, usage: toTokenUsage(usage) };
}

/** An image of the image API as a data URL. */
export function toInlineImage(base64: string, media_type = "image/png"): Media {
  return toImage(`data:${media_type};base64,${base64}`);
}

function toImage(url: unknown): Media {
  const text = toText(url);
  const [, media_type] = /^data:(\w+\/[\w.+-]+)[;,]/.exec(text) ?? [];
  if (media_type) return { media_type, data_url: text };
  if (/^https?:\/\//.test(text)) return { media_type: "image/*", url: text };
  throw unusable("The AI provider's image could not be read");
}
