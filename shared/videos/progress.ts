/** Asks OpenRouter where jobs are, and records it. A job ends and is charged once, however often it is asked about. */
import { ApiError } from "../errors.ts";
import { createOpenRouter } from "../gateway/openrouter.ts";
import { parseResponse, readFailure } from "../openrouter/json_responses.ts";
import { readText, send } from "../openrouter/send.ts";
import type { Settings } from "../settings.ts";
import { readUserKey } from "../user_keys/user_key.ts";
import { toChanges, toGatewayJob } from "./gateway_job.ts";
import { type ClaimedVideo, updateVideo, type VideoChanges, type VideoRow } from "./rows.ts";

/** How a job is asked for. */
export interface Asking {
  /** The settings of the request. */
  settings: Settings;
  /** Aborts the request. */
  signal: AbortSignal;
}

/** How long one request may take, milliseconds. */
const TIMEOUT_MS = 10_000;
/** A job that has not ended by then is given up, milliseconds. */
const MAX_AGE_MS = 24 * 60 * 60_000;

/**
 * Asks OpenRouter about a job and records the outcome, which ends the lease. A job that has ended is
 * not asked about.
 *
 * @param video a job that was claimed.
 * @returns the row as it is now. When OpenRouter fails, the job stays as it is.
 * @throws {ApiError} as `updateVideo`.
 */
export async function askProgress(video: ClaimedVideo, asking: Asking): Promise<VideoRow> {
  if (video.ended_at !== null) return video;
  return await updateVideo(video.id, await findChanges(video, asking), asking.settings);
}

async function findChanges(video: ClaimedVideo, asking: Asking): Promise<VideoChanges> {
  const key = await findKey(video, asking.settings);
  if (key === null) {
    const error = "The OpenRouter account that pays for this video is no longer connected";
    return { status: "failed", error };
  }
  const changes = await askGateway(video.gateway_id, key, asking);
  const isEnded = changes.status && !["pending", "in_progress"].includes(changes.status);
  if (isEnded || Date.now() - Date.parse(video.created_at) < MAX_AGE_MS) return changes;
  return { status: "expired", error: "OpenRouter did not finish this video within a day" };
}

/** The user's own key where it pays; null when it is gone; undefined for the project's key. */
async function findKey(
  { own_key, key, user_id }: ClaimedVideo,
  settings: Settings,
): Promise<string | null | undefined> {
  if (!own_key) return undefined;
  if (key === null) return null;
  // Without the setting no key can be opened. The operator may set it again.
  if (!settings.KEYS_ENCRYPTION_KEY) return undefined;
  return (await readUserKey(key, user_id, settings))?.text ?? null;
}

/** The key goes to OpenRouter's own URL, whatever URLs a job contains. */
async function askGateway(
  gatewayId: string,
  key: string | undefined,
  { settings, signal: outer }: Asking,
): Promise<VideoChanges> {
  const gateway = createOpenRouter(settings);
  const request = gateway.request(`/videos/${encodeURIComponent(gatewayId)}`);
  const signal = AbortSignal.any([outer, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await send(request, { gateway, key, signal });
    const value = parseResponse(await readText(response, signal));
    const job = toGatewayJob(value);
    if (job) return toChanges(job);
    const failure = readFailure(value, response, gateway);
    return isGone(failure) ? GONE : {};
  } catch (failure) {
    return isGone(failure) ? GONE : {}; // it is asked again later
  }
}

const GONE: VideoChanges = { status: "expired", error: "OpenRouter no longer has this video" };

function isGone(failure: unknown): boolean {
  const { status } = Object(failure instanceof ApiError ? failure.cause : undefined);
  return status === 404 || status === 410;
}
