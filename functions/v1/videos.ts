/**
 * Videos in the forms of OpenRouter's and OpenAI's clients. OpenAI's send forms, and read a job in
 * their own words; a job keeps the form in which it was ordered.
 * https://openrouter.ai/docs/api-reference/videos
 */
import * as z from "zod/mini";
import { toBase64 } from "../../shared/base64.ts";
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { type BodyLimits, parseValue, readBody } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { isForm, listFiles, readForm, toFormFields } from "../../shared/http/form.ts";
import { toFunctionUrl } from "../../shared/http/function_url.ts";
import { nonEmptyText, promptText } from "../../shared/request/text_fields.ts";
import { videoOptions } from "../../shared/request/video_request.ts";
import type { VideoModel } from "../../shared/videos/costs.ts";
import type { VideoRow } from "../../shared/videos/rows.ts";

/** A video to generate, in OpenRouter's form; its other fields pass through. */
export const openRouterVideoRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. Models that only scale a video need none. */
  prompt: z.optional(z.string()),
  ...videoOptions,
});

/** The fields of OpenAI's form; `input_reference` is the file of the first frame. */
const openAIVideoForm = z.looseObject({
  prompt: promptText,
  model: z.optional(nonEmptyText),
  seconds: z.optional(z.int().check(z.gte(1), z.lte(60))),
  size: z.optional(nonEmptyText),
});

/** Which videos to list, in OpenAI's form. */
export const openAIVideosQuery = z.object({
  /** 1 to 100; 20 unless given. */
  limit: z.optional(z.string().check(z.regex(/^([1-9]\d?|100)$/, "must be from 1 to 100"))),
  /** The id of the video after which the list goes on. */
  after: z.optional(nonEmptyText),
  /** `desc` unless given: the newest first. */
  order: z.optional(z.enum(["asc", "desc"])),
});

/** A job in OpenRouter's form. */
export interface OpenRouterVideo {
  id: string;
  /** Where to ask for the job; it leads back here. */
  polling_url: string;
  /** `pending`, `in_progress`, `completed`, `failed`, `cancelled` or `expired`. */
  status: string;
  generation_id?: string;
  /** The finished videos. Each URL opens with the owner's access token. */
  unsigned_urls?: string[];
  usage?: { cost: number };
  error?: string;
}

/** A job in OpenAI's form. */
export interface OpenAIVideo {
  id: string;
  object: "video";
  created_at: number;
  completed_at: number | null;
  expires_at: null;
  /** `queued`, `in_progress`, `completed` or `failed`. */
  status: string;
  /** 0, 50 or 100: OpenRouter states no progress. */
  progress: number;
  model: string;
  prompt: string | null;
  seconds: string;
  size: string;
  remixed_from_video_id: null;
  error: { code: string; message: string } | null;
}

/** OpenRouter's video models. */
export interface VideoModels {
  data: VideoModel[];
}

/** Videos in OpenAI's form. */
export interface OpenAIVideos {
  object: "list";
  data: OpenAIVideo[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}

/**
 * Reads an order: JSON in OpenRouter's form, or a form with OpenAI's fields where the platform passes
 * on bytes.
 *
 * @returns the order in OpenRouter's form; `isOpenAI` says in which form it came.
 * @throws {ApiError} as `readBody` and `readForm`; 400 `INVALID_INPUT` for an order without anything to
 *   make a video of.
 */
export async function readOrder(
  call: Call,
  limits: BodyLimits,
): Promise<{ order: Fields; isOpenAI: boolean }> {
  if (isForm(call)) {
    const form = await readForm(call, limits);
    const fields = parseValue(toFormFields(form, ["seconds"]), openAIVideoForm);
    const { seconds, input_reference: _, ...rest } = fields;
    const [frame] = await Promise.all(listFiles(form, "input_reference").map(toFrame));
    const order = { ...rest, duration: seconds, frame_images: frame && [frame] };
    return { order, isOpenAI: true };
  }
  const order = await readBody(call, openRouterVideoRequest, limits);
  const { prompt, frame_images, input_references } = order;
  if (!prompt?.trim() && !frame_images && !input_references) {
    throw invalidInput('"prompt" is required, unless the request has "input_references"');
  }
  return { order, isOpenAI: false };
}

async function toFrame(file: File): Promise<Fields> {
  if (!/^image\/[\w.+-]+$/.test(file.type)) {
    throw invalidInput('"input_reference" must be an image');
  }
  const url = `data:${file.type};base64,${toBase64(await file.bytes())}`;
  return { type: "image_url", image_url: { url }, frame_type: "first_frame" };
}

/** Converts a row to the form in which the job was ordered. */
export function toVideo(call: Call, row: VideoRow): OpenRouterVideo | OpenAIVideo {
  return row.request.api === "openai" ? toOpenAIVideo(row) : toOpenRouterVideo(call, row);
}

function toOpenRouterVideo(call: Call, row: VideoRow): OpenRouterVideo {
  const { id, status, generation_id, usd, error } = row;
  const path = `videos/${id}`;
  const urls = Array.from({ length: row.videos }, (_, index) => {
    const query = { index: String(index) };
    return toFunctionUrl(call, { path: `${path}/content`, query });
  });
  return {
    ...{ id, polling_url: toFunctionUrl(call, { path }), status },
    ...(generation_id !== null && { generation_id }),
    ...(urls.length > 0 && { unsigned_urls: urls }),
    ...(usd !== null && { usage: { cost: usd } }),
    ...(error !== null && { error }),
  };
}

const OPENAI_STATUSES = { pending: "queued", in_progress: "in_progress", completed: "completed" };
const PROGRESS = { pending: 0, in_progress: 50, completed: 100 };

/** Converts a row to OpenAI's form. */
export function toOpenAIVideo(row: VideoRow): OpenAIVideo {
  const { id, model, request: { prompt, duration, size }, ended_at } = row;
  const status = row.status as keyof typeof PROGRESS;
  const isFailed = !Object.hasOwn(PROGRESS, status);
  const message = row.error ?? `The job ended as "${status}"`;
  return {
    ...{ id, object: "video", model },
    created_at: toSeconds(row.created_at),
    completed_at: ended_at === null || isFailed ? null : toSeconds(ended_at),
    expires_at: null,
    status: isFailed ? "failed" : OPENAI_STATUSES[status],
    progress: isFailed ? 0 : PROGRESS[status],
    prompt: typeof prompt === "string" ? prompt : null,
    seconds: duration === undefined ? "" : String(duration),
    size: size === undefined ? "" : String(size),
    remixed_from_video_id: null,
    error: isFailed ? { code: "video_generation_failed", message } : null,
  };
}

/** Converts a page of rows to OpenAI's form. */
export function toOpenAIVideos(rows: VideoRow[], hasMore: boolean): OpenAIVideos {
  return {
    object: "list",
    data: rows.map(toOpenAIVideo),
    first_id: rows[0]?.id ?? null,
    last_id: rows.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

function toSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1_000);
}
