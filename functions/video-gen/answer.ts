/** What callers see of a job. */
import type { Call } from "../../shared/http/call.ts";
import { toFunctionUrl } from "../../shared/http/function_url.ts";
import type { VideoCopy, VideoRow, VideoStatus } from "../../shared/videos/rows.ts";

/** A video that was ordered. */
export interface VideoJob {
  /** The id to ask with. */
  id: string;
  /** `pending` and `in_progress` until it ends. */
  status: VideoStatus;
  /** The model that was requested. */
  model: string;
  /** Prompt, length and size, as they were requested. */
  request: Record<string, unknown>;
  /** ISO 8601. */
  created_at: string;
  /** ISO 8601; absent until the job has ended. */
  ended_at?: string;
  /** Why there is no video, in the words of the provider. */
  error?: string;
  /** What it cost; absent until that is known. */
  usage?: { cost: number };
  /** The finished videos. Each URL opens with the owner's access token. */
  videos?: { url: string }[];
  /** The copies in the app's storage. */
  saved?: VideoCopy[];
  /** Why the videos were not copied. */
  save_error?: { error: string; message: string };
}

/** A page of the caller's jobs. */
export interface VideoJobs {
  /** The newest first. */
  videos: VideoJob[];
  /** Whether there are more after these. */
  has_more: boolean;
}

/** Converts a row for its owner. */
export function toVideoJob(
  call: Pick<Call, "request" | "slug" | "settings">,
  row: VideoRow,
): VideoJob {
  const { id, status, model, created_at, ended_at, error, usd, saved, save_error } = row;
  const { api: _, ...request } = row.request; // of use to v1 alone
  const videos = Array.from({ length: row.videos }, (_, index) => {
    const query = index === 0 ? undefined : { index: String(index) };
    return { url: toFunctionUrl(call, { path: `${id}/content`, query }) };
  });
  return {
    ...{ id, status, model, request, created_at },
    ...(ended_at !== null && { ended_at }),
    ...(error !== null && { error }),
    ...(usd !== null && { usage: { cost: usd } }),
    ...(status === "completed" && { videos }),
    ...(saved !== null && { saved }),
    ...(save_error !== null && { save_error }),
  };
}
