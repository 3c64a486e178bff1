/** Videos: jobs that take minutes, as methods. */
import { AiError } from "./ai_error.ts";
import { type CallOptions, type Post, readJson } from "./connection.ts";
import type { InlineVideo, VideoJob, VideoJobs } from "./contract.ts";

/** An order of a video. */
export interface VideoRequest {
  /** What to show. */
  prompt: string;
  /** The app's default model when missing. */
  model?: string | null | undefined;
  /** Seconds. Each model offers some lengths. */
  duration?: number | null | undefined;
  /** Such as `720p` or `1080p`. */
  resolution?: string | null | undefined;
  /** Such as `16:9` or `9:16`. */
  aspect_ratio?: string | null | undefined;
  /** Width and height in pixels, such as `1280x720`, instead of the two fields before. */
  size?: string | null | undefined;
  /** The first and the last frame; `url` is an http(s) URL or a data URL. */
  frame_images?:
    | readonly {
      type: "image_url";
      image_url: { url: string };
      frame_type: "first_frame" | "last_frame";
    }[]
    | null
    | undefined;
  /** Images, recordings and videos to take as examples. */
  input_references?: readonly object[] | null | undefined;
  /** Whether the video has sound. */
  generate_audio?: boolean | null | undefined;
  /** Makes the video repeatable where the provider supports it. */
  seed?: number | null | undefined;
  /** The id of one of the user's own videos, which this one continues. */
  previous_job_id?: string | null | undefined;
  /** Which providers may answer, and in which order. */
  provider?: object | null | undefined;
  /** Copies the finished video to a bucket of the app. */
  save?: { bucket: string; prefix?: string | undefined } | null | undefined;
}

/** How to wait for a video. */
export interface WaitOptions extends CallOptions {
  /** Milliseconds between two questions; 5,000 when missing. */
  intervalMs?: number | undefined;
  /** Called with the job after each question. */
  onProgress?: ((job: VideoJob) => void) | undefined;
}

/** The methods of the client for videos. */
export interface VideoClient {
  /**
   * Orders a video and returns the job at once.
   *
   * @example
   * ```ts
   * const { id } = await ai.video.start({ prompt: "A lighthouse at dusk", duration: 4 });
   * ```
   */
  start(request: VideoRequest, options?: CallOptions): Promise<VideoJob>;
  /**
   * Asks where a job is.
   *
   * @example
   * ```ts
   * const { id } = await ai.video.start({ prompt: "A lighthouse at dusk" });
   * const { status } = await ai.video.status(id);
   * ```
   */
  status(id: string, options?: CallOptions): Promise<VideoJob>;
  /**
   * Waits until a job has ended. It resolves however the job ended; `status` says so. A question that
   * fails is repeated, up to five times in a row. Aborting ends the waiting, and not the job.
   *
   * @example
   * ```ts
   * const { id } = await ai.video.start({ prompt: "A lighthouse at dusk" });
   * const { status, videos, error } = await ai.video.wait(id);
   * console.log(status === "completed" ? videos : error);
   * ```
   */
  wait(id: string, options?: WaitOptions): Promise<VideoJob>;
  /**
   * Loads a finished video.
   *
   * @param options.index which of the job's videos; the first when missing.
   *
   * @example
   * ```ts
   * const { id } = await ai.video.start({ prompt: "A lighthouse at dusk" });
   * const { status } = await ai.video.wait(id);
   * if (status === "completed") {
   *   const video = await ai.video.content(id);
   *   console.log(URL.createObjectURL(video));
   * }
   * ```
   */
  content(id: string, options?: CallOptions & { index?: number | undefined }): Promise<Blob>;
  /**
   * Lists the user's videos, the newest first.
   *
   * @param page.limit 1 to 100; 20 when missing.
   * @param page.after the id of the job after which the list goes on.
   *
   * @example
   * ```ts
   * const { videos, has_more } = await ai.video.list({ limit: 10 });
   * ```
   */
  list(
    page?: { limit?: number | undefined; after?: string | undefined },
    options?: CallOptions,
  ): Promise<VideoJobs>;
  /**
   * Returns a job that has ended. OpenRouter cannot cancel a job that runs: then it throws
   * `INVALID_INPUT`.
   *
   * @example
   * ```ts
   * const { id } = await ai.video.start({ prompt: "A lighthouse at dusk" });
   * await ai.video.cancel(id).catch((error) => console.log(error.message));
   * ```
   */
  cancel(id: string, options?: CallOptions): Promise<VideoJob>;
}

const SLUG = "video-gen";
const DEFAULT_INTERVAL_MS = 5_000;
const MAX_FAILURES = 5;

/** Creates the methods. The query names the job, as not every platform routes sub-paths. */
export function createVideo(post: Post): VideoClient {
  const call = async <Answer>(slug: string, body: unknown, signal?: AbortSignal) =>
    await readJson<Answer>(await post(slug, body, signal), signal);
  const status: VideoClient["status"] = (id, { signal } = {}) =>
    call(`${SLUG}?${new URLSearchParams({ route: id })}`, undefined, signal);
  return {
    start: (request, { signal } = {}) => call(SLUG, request, signal),
    status,
    async wait(id, { signal, intervalMs = DEFAULT_INTERVAL_MS, onProgress } = {}) {
      for (let failures = 0;;) {
        try {
          const job = await status(id, { signal });
          failures = 0;
          onProgress?.(job);
          if (job.status !== "pending" && job.status !== "in_progress") return job;
        } catch (error) {
          if (!isPassing(error) || ++failures > MAX_FAILURES) throw error;
        }
        await pause(intervalMs, signal);
      }
    },
    async content(id, { signal, index } = {}) {
      const query = new URLSearchParams({ route: `${id}/content` });
      if (index !== undefined) query.set("index", String(index));
      const response = await post(`${SLUG}?${query}`, undefined, signal);
      if (!response.headers.get("Content-Type")?.includes("json")) {
        return await readBlob(response, signal);
      }
      // Self-hosted InsForge cannot deliver bytes.
      return toBlob(await readJson<InlineVideo>(response, signal));
    },
    list(page = {}, { signal } = {}) {
      const given = Object.entries(page).filter(([, value]) => value !== undefined);
      const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
      return call(`${SLUG}?${query}`, undefined, signal);
    },
    cancel: (id, { signal } = {}) => call(`${SLUG}?route=cancel`, { id }, signal),
  };
}

/** Whether the same question may succeed later: the network or the server failed. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof AiError)) return false;
  return error.code === "NETWORK_ERROR" || error.status === 429 || error.status >= 500;
}

async function readBlob(response: Response, signal?: AbortSignal): Promise<Blob> {
  try {
    return await response.blob();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new AiError(0, "NETWORK_ERROR", "The connection broke during the response", { cause });
  }
}

function toBlob({ media_type, data_url }: InlineVideo): Blob {
  const text = atob(data_url.slice(data_url.indexOf(",") + 1));
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: media_type });
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}
