/** From a caller's order to the request for OpenRouter. */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Caller } from "../insforge/client.ts";
import { requireShort } from "../request/chat_request.ts";
import type { Settings } from "../settings.ts";
import { readVideo } from "./rows.ts";

/** Fields that the owner sees of the order later. The others may hold images. */
const SHOWN = [
  "prompt",
  "duration",
  "resolution",
  "aspect_ratio",
  "size",
  "generate_audio",
  "seed",
];

/**
 * Converts an order to OpenRouter's request: with the default model when it has no model, and with
 * OpenRouter's id of an earlier video in place of ours, which must be the caller's own.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for a prompt above `MAX_PROMPT_CHARS`, and for a
 *   `previous_job_id` that is not the id of the caller's own video.
 */
export async function toVideoParams(
  owner: Caller,
  order: Fields,
  settings: Settings,
): Promise<Fields> {
  const { prompt, previous_job_id: previous } = order;
  if (typeof prompt === "string") requireShort(prompt, "prompt", settings);
  const params = { model: settings.OPENROUTER_VIDEO_MODEL, ...order };
  if (previous === undefined) return params;
  const video = await readVideo(owner, String(previous), settings);
  if (video) return { ...params, previous_job_id: video.gateway_id };
  throw invalidInput('"previous_job_id" must be the id of one of your videos');
}

/** The part of an order that is stored with the job. */
export function toStoredRequest(order: Fields): Fields {
  return Object.fromEntries(
    SHOWN.filter((name) => order[name] !== undefined).map((name) => [name, order[name]]),
  );
}
