/** One step of a job: ask OpenRouter, record the outcome, copy what is finished. */
import type { Settings } from "../settings.ts";
import { copyVideos, isToBeCopied } from "./copies.ts";
import { type Asking, askProgress } from "./progress.ts";
import { type ClaimedVideo, claimVideos, type VideoRow } from "./rows.ts";

/**
 * Advances a job that was claimed.
 *
 * @returns the row as it is now.
 * @throws {ApiError} as `rows.ts`.
 */
export async function advanceVideo(video: ClaimedVideo, asking: Asking): Promise<VideoRow> {
  const row = await askProgress(video, asking);
  return isToBeCopied(row) ? await copyVideos(row, asking) : row;
}

/**
 * Advances a job for its owner, unless there is nothing left to do or another process is at it.
 *
 * @param video the row as the owner reads it.
 * @returns the row as it is now.
 * @throws {ApiError} as `rows.ts`.
 */
export async function refreshVideo(video: VideoRow, asking: Asking): Promise<VideoRow> {
  if (video.next_poll_at === null) return video;
  const [claimed] = await claimVideos({ id: video.id }, asking.settings);
  return claimed ? await advanceVideo(claimed, asking) : video;
}

/** How long one run works, milliseconds: self-hosted functions have 60 s. */
const RUN_MS = 40_000;
/** Jobs of one run, and how many of them are asked about at a time. */
const MAX_VIDEOS = 20;

/** The outcome of a run. */
export interface PollAnswer {
  /** Jobs that OpenRouter was asked about, or whose videos were to be copied. */
  asked: number;
  /** Jobs that have ended. */
  ended: number;
  /** Jobs whose videos were copied to storage. */
  saved: number;
}

/**
 * Advances the jobs that are due, at most 20 and for at most 40 seconds. Copies are made one after the
 * other, because each video is held in memory meanwhile.
 *
 * @throws {ApiError} as `rows.ts`.
 */
export async function pollVideos(settings: Settings): Promise<PollAnswer> {
  const signal = AbortSignal.timeout(RUN_MS);
  const due = await claimVideos({ max: MAX_VIDEOS }, settings);
  const asked = await Promise.allSettled(due.map((one) => askProgress(one, { settings, signal })));
  const rows = asked.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  let saved = 0;
  for (const row of rows.filter(isToBeCopied)) {
    if (signal.aborted) break;
    if ((await copyVideos(row, { settings, signal })).saved) saved++;
  }
  const running = due.filter(({ ended_at }) => ended_at === null).map(({ id }) => id);
  const ended = rows.filter(({ id, ended_at }) => ended_at !== null && running.includes(id));
  return { asked: due.length, ended: ended.length, saved };
}
