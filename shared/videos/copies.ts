/** Copies of finished videos in the app's storage. */
import { ApiError, toApiError } from "../errors.ts";
import { requireApiKey } from "../insforge/client.ts";
import { createSignedUrl, uploadObject } from "../insforge/storage.ts";
import type { Settings } from "../settings.ts";
import { openContent } from "./content.ts";
import type { Asking } from "./progress.ts";
import { updateVideo, type VideoCopy, type VideoRow } from "./rows.ts";

/** InsForge's storage takes at most 200 MB; more would not fit into a function's memory either. */
const MAX_BYTES = 200 * 1024 * 1024;
const UPLOAD_TIMEOUT_MS = 40_000;
const MAX_TRIES = 5;
/** How long the URL of a copy in a private bucket is valid. */
const SIGNED_SECONDS = 3_600;

/** Whether the videos of a job are to be copied, and are not yet. */
export function isToBeCopied({ status, save, saved, save_error }: VideoRow): boolean {
  return status === "completed" && save !== null && saved === null && save_error === null;
}

/**
 * Copies the videos of a job to storage, with the project's API key: whether the owner may write there
 * was checked when the video was ordered. The keys follow from the job's id, so a second copy replaces
 * the first. Each video is held in memory for that time.
 *
 * @param video a job that was claimed.
 * @returns the row as it is now. A failure is recorded; after the fifth the job is left alone.
 * @throws {ApiError} as `updateVideo`.
 */
export async function copyVideos(video: VideoRow, asking: Asking): Promise<VideoRow> {
  const { settings } = asking;
  try {
    const saved: VideoCopy[] = [];
    for (let index = 0; index < video.videos; index++) {
      saved.push(await copy(video, index, asking));
    }
    return await updateVideo(video.id, { saved }, settings);
  } catch (thrown) {
    const { code, message, status } = toApiError(thrown);
    const isLast = status < 500 || video.save_tries + 1 >= MAX_TRIES;
    const changes = isLast ? { save_error: { error: code, message } } : { save_failed: true };
    return await updateVideo(video.id, changes, settings);
  }
}

async function copy(video: VideoRow, index: number, asking: Asking): Promise<VideoCopy> {
  const { settings, signal } = asking;
  const { bucket, prefix = "" } = video.save!;
  const { mediaType, length = 0, source } = await openContent(video, { settings, index, signal });
  if (length > MAX_BYTES) {
    await source.cancel();
    throw tooLarge();
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let piece = await source.read(); piece; piece = await source.read()) {
    size += piece.length;
    if (size > MAX_BYTES) {
      await source.cancel();
      throw tooLarge();
    }
    pieces.push(piece);
    if (signal.aborted) await source.cancel();
  }
  signal.throwIfAborted();
  const [media_type = "video/mp4"] = mediaType.split(";");
  const number = index === 0 ? "" : `-${index}`;
  const key = `${prefix}${video.id}${number}.${toExtension(media_type)}`;
  const content = new Blob(pieces as Uint8Array<ArrayBuffer>[], { type: media_type });
  const project = { token: requireApiKey(settings) };
  const object = { bucket, key, content };
  const { url } = await uploadObject(project, object, settings, UPLOAD_TIMEOUT_MS);
  return { bucket, key, url, media_type };
}

/**
 * The copies of a job with URLs that can be opened now: those in private buckets are signed for an hour,
 * where the storage can sign. The caller must have checked that the job is the user's own.
 */
export async function signCopies(copies: VideoCopy[], settings: Settings): Promise<VideoCopy[]> {
  const project = { token: requireApiKey(settings) };
  return await Promise.all(copies.map(async (copy) => {
    const object = { bucket: copy.bucket, key: copy.key, seconds: SIGNED_SECONDS };
    // Without a signature, the copy still has the URL that needs a token.
    const url = await createSignedUrl(project, object, settings).catch(() => copy.url);
    return { ...copy, url };
  }));
}

function toExtension(mediaType: string): string {
  const [, subtype = "mp4"] = /^video\/(\w+)/.exec(mediaType) ?? [];
  return subtype === "quicktime" ? "mov" : subtype;
}

function tooLarge(): ApiError {
  return new ApiError(413, "INVALID_INPUT", "The video is too large to be copied to storage");
}
