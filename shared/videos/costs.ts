/** What a video may cost at most, by the prices in OpenRouter's catalogue of video models. */
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import { isOpenRouterChosen } from "../gateway/openrouter.ts";
import { readLimits } from "../ledger/limits.ts";
import type { Fetching } from "../openrouter/json_responses.ts";
import { fetchCatalogue } from "../openrouter/models.ts";
import { toUsd } from "../token_usage.ts";

/** A row of OpenRouter's `/videos/models`, as far as the cost depends on it. */
export interface VideoModel {
  /** Such as `google/veo-3.1`. */
  id: string;
  /** The lengths that it offers, seconds. */
  supported_durations?: unknown;
  /** Prices by names that tell what they are for, USD, or cents where the name begins so. */
  pricing_skus?: unknown;
  /** Fields that differ between models. */
  [detail: string]: unknown;
}

const FRESH_MS = 5 * 60_000;
/** Seconds of a video whose length neither the request nor the catalogue tells. */
const SECONDS = 10;
const FRAMES_PER_SECOND = 30;
/** Pixels of a frame whose size is not requested: providers default to 1080p or less. */
const PIXELS = 1920 * 1080;
/** Pixels by the names of resolutions. */
const RESOLUTIONS = new Map([
  ["360p", 640 * 360],
  ["480p", 854 * 480],
  ["720p", 1280 * 720],
  ["768p", 1366 * 768],
  ["1080p", PIXELS],
  ["1K", 1024 * 1024],
  ["2K", 2560 * 1440],
  ["4K", 3840 * 2160],
]);

/** The catalogue by the gateway's URL. It only saves time: an empty cache is correct, too. */
const kept = new Map<string, { models: VideoModel[]; fetchedAt: number }>();

/**
 * Finds what a video may cost. The catalogue is asked only when a limit is set, which alone needs it.
 *
 * @returns undefined when no limit is set, or the catalogue does not tell: then a high price counts.
 */
export async function findVideoUsd(call: Fetching, params: Fields): Promise<number | undefined> {
  const { settings } = call;
  if (Object.keys(readLimits(settings)).length === 0 || !isOpenRouterChosen(settings)) return;
  const models = await listVideoModels(call).catch(() => []);
  const model = models.find(({ id }) => id === params.model);
  return model && toHighestUsd(model, params);
}

/**
 * Lists OpenRouter's video models, at most five minutes old.
 *
 * @throws {ApiError} as the docs' table of errors says.
 * @see https://openrouter.ai/docs/api-reference/videos
 */
export async function listVideoModels(call: Fetching): Promise<VideoModel[]> {
  const url = call.settings.OPENROUTER_BASE_URL;
  const known = kept.get(url);
  if (known && Date.now() - known.fetchedAt < FRESH_MS) return known.models;
  const { data } = await fetchCatalogue<{ data: VideoModel[] }>(
    call,
    "/videos/models",
    (_, error) => {
      if (error) throw error;
    },
  ).catch((thrown) => {
    // Nothing in the request comes from the caller, whom a 400 would blame.
    const isBlamed = thrown.status === 400 && isOpenRouterChosen(call.settings);
    throw isBlamed ? unusable(thrown.message) : thrown;
  });
  const models = Array.isArray(data) ? data.filter((model) => typeof model?.id === "string") : [];
  kept.set(url, { models, fetchedAt: Date.now() });
  return models;
}

/**
 * The most that a video of a model may cost, USD. Which of the model's prices applies depends on the
 * provider, so the highest one counts, and what is paid per image of the request is added.
 *
 * @returns undefined when the catalogue states no price that can be understood.
 */
export function toHighestUsd(model: VideoModel, params: Fields): number | undefined {
  const prices = Object.entries(Object(model.pricing_skus) as Fields);
  const seconds = toSeconds(model, params);
  const perVideo: number[] = [];
  let extra = 0;
  for (const [name, text] of prices) {
    const stated = toUsd(text);
    if (stated === undefined) continue;
    const price = /(^|_)cents?_/.test(name) ? stated / 100 : stated;
    const megapixels = /megapixel/.test(name) ? toPixels(params) / 1e6 : 1;
    if (/video_tokens/.test(name)) {
      perVideo.push(price * toPixels(params) * FRAMES_PER_SECOND * seconds / 1024);
    } else if (/second/.test(name)) perVideo.push(price * seconds * megapixels);
    else if (/image|reference/.test(name)) extra += price * countInputs(params);
    else perVideo.push(price * megapixels);
  }
  // Without the rounding errors of binary fractions.
  return perVideo.length > 0 ? Number((Math.max(...perVideo) + extra).toPrecision(12)) : undefined;
}

function toSeconds({ supported_durations }: VideoModel, { duration }: Fields): number {
  if (typeof duration === "number" && duration > 0) return duration;
  const offered = Array.isArray(supported_durations) ? supported_durations : [];
  const longest = Math.max(0, ...offered.filter((seconds) => typeof seconds === "number"));
  return longest || SECONDS;
}

function toPixels({ size, resolution }: Fields): number {
  const [, width, height] = /^(\d{2,5})x(\d{2,5})$/.exec(String(size)) ?? [];
  if (width && height) return Number(width) * Number(height);
  return RESOLUTIONS.get(String(resolution)) ?? PIXELS;
}

function countInputs({ frame_images, input_references }: Fields): number {
  return [frame_images, input_references]
    .reduce((sum: number, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}
