/** The bytes of a finished video, fetched from OpenRouter with the key that paid for it. */
import { ApiError, invalidInput } from "../errors.ts";
import { unusable } from "../gateway/failures.ts";
import { createOpenRouter } from "../gateway/openrouter.ts";
import type { ByteSource } from "../http/byte_source.ts";
import { setDeadline } from "../http/deadlines.ts";
import type { Settings } from "../settings.ts";
import { openUserKey } from "../user_keys/user_key.ts";
import { readSealedKey, type VideoRow } from "./rows.ts";

/** A video whose bytes are read one piece at a time. */
export interface VideoContent {
  /** Such as `video/mp4`. */
  mediaType: string;
  /** Bytes in all, when OpenRouter states it. */
  length?: number;
  /** The bytes. It rejects when the connection breaks or stalls. */
  source: ByteSource;
}

/** Which video to open. */
export interface Opening {
  /** The settings of the request. */
  settings: Settings;
  /** Which of the job's videos, from 0. */
  index: number;
  /** Aborts the request until its response begins; after that `source.cancel` ends it. */
  signal: AbortSignal;
}

/** Storage hosts may redirect to another host of theirs. */
const MAX_REDIRECTS = 3;

/**
 * Opens a finished video.
 *
 * The key goes to OpenRouter alone: where it redirects to another host, no key is sent.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when the video is not finished or there is no such one; 404
 *   `NOT_FOUND` when OpenRouter has deleted it; 502 `AI_UPSTREAM_UNAVAILABLE` when OpenRouter fails.
 */
export async function openContent(video: VideoRow, opening: Opening): Promise<VideoContent> {
  const { settings, index, signal } = opening;
  requireFinished(video, index);
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const watch = createWatchdog(settings.STREAM_IDLE_WATCHDOG_MS, controller);
  try {
    const response = await watch(fetchContent(video, index, settings, controller.signal));
    return toContent(response, { controller, watch });
  } catch (failure) {
    if (failure instanceof ApiError) throw failure;
    throw controller.signal.aborted ? stalled() : unreachable(failure);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Requires a job that has a video with this index. */
function requireFinished({ status, videos }: VideoRow, index: number): void {
  if (status !== "completed") {
    throw invalidInput(
      status === "pending" || status === "in_progress"
        ? "This video is not finished yet"
        : `There is no video, because the job ended as "${status}"`,
    );
  }
  if (index >= videos) throw invalidInput(`"index" must be less than ${videos}`);
}

async function fetchContent(
  video: VideoRow,
  index: number,
  settings: Settings,
  signal: AbortSignal,
): Promise<Response> {
  const gateway = createOpenRouter(settings);
  const path = `/videos/${encodeURIComponent(video.gateway_id)}/content?index=${index}`;
  const request = gateway.request(path);
  const { "Content-Type": _, ...keyed } = request.toHeaders(await findKey(video, settings));
  const home = new URL(request.url);
  let url = home;
  for (let redirects = 0;; redirects++) {
    const headers = url.origin === home.origin ? keyed : undefined;
    const response = await fetch(url, { headers, redirect: "manual", signal });
    const location = response.headers.get("Location");
    if (response.status < 300) return requireMedia(response);
    const target = location === null ? null : URL.parse(location, url);
    const isFollowed = response.status < 400 && target && /^https?:$/.test(target.protocol);
    if (isFollowed && redirects < MAX_REDIRECTS) {
      await response.body?.cancel();
      url = target;
      continue;
    }
    const { status } = response;
    const body = await response.text();
    if (status === 404 || status === 410) throw gone();
    throw gateway.readError({ status, headers: response.headers, body }) ??
      unusable("The AI provider responded without a video");
  }
}

async function findKey(
  { own_key, user_id }: VideoRow,
  settings: Settings,
): Promise<string | undefined> {
  if (!own_key) return undefined;
  const sealed = await readSealedKey(user_id, settings);
  return await openUserKey(sealed ?? "", user_id, settings);
}

async function requireMedia(response: Response): Promise<Response> {
  const type = response.headers.get("Content-Type") ?? "";
  if (/^(video|image|audio)\/|^application\/octet-stream/i.test(type) && response.body) {
    return response;
  }
  await response.body?.cancel();
  throw unusable("The AI provider responded without a video");
}

/** What ends the reading of a response. */
interface Reading {
  controller: AbortController;
  watch: Watch;
}

function toContent(response: Response, { controller, watch }: Reading): VideoContent {
  const reader = response.body!.getReader();
  const length = Number(response.headers.get("Content-Length") ?? NaN);
  const isPlain = !response.headers.has("Content-Encoding");
  return {
    mediaType: response.headers.get("Content-Type")!,
    length: isPlain && Number.isSafeInteger(length) ? length : undefined,
    source: {
      async read() {
        try {
          return (await watch(reader.read())).value;
        } catch (failure) {
          throw controller.signal.aborted ? stalled() : unreachable(failure);
        }
      },
      async cancel() {
        controller.abort();
        await reader.cancel().catch(() => {}); // the connection is closed already
      },
    },
  };
}

/** Waits for something that must happen soon. */
type Watch = <T>(promise: Promise<T>) => Promise<T>;

function createWatchdog(ms: number, controller: AbortController): Watch {
  return async (promise) => {
    const cancel = setDeadline(ms, () => controller.abort());
    try {
      return await promise;
    } finally {
      cancel();
    }
  };
}

function gone(): ApiError {
  return new ApiError(404, "NOT_FOUND", "OpenRouter no longer has this video", {
    nextActions: 'Order it again; with "save" a copy is kept in the app\'s storage',
  });
}

function stalled(): ApiError {
  return new ApiError(504, "AI_UPSTREAM_UNAVAILABLE", "The AI provider stopped sending the video");
}

function unreachable(cause: unknown): ApiError {
  return new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", "The AI provider could not be reached", {
    cause,
  });
}
