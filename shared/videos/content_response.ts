/** The response that delivers a finished video, in the form that the platform can deliver. */
import { toBase64 } from "../base64.ts";
import { invalidInput } from "../errors.ts";
import type { Call } from "../http/call.ts";
import { fileStream } from "../http/event_stream.ts";
import { isBufferingPlatform } from "../http/platform.ts";
import { joinBytes } from "../http/sse.ts";
import { openContent, type VideoContent } from "./content.ts";
import type { VideoRow } from "./rows.ts";

/** A video as JSON, where the platform cannot deliver bytes. */
export interface InlineVideo {
  /** Such as `video/mp4`. */
  media_type: string;
  /** The video as a data URL. */
  data_url: string;
}

/** The largest video that is sent as JSON: base64 is longer, and the worker has little memory. */
const MAX_INLINE_BYTES = 20 * 1024 * 1024;

/**
 * Reads which of a job's videos is requested.
 *
 * @param text the parameter `index`; the first video unless given.
 * @throws {ApiError} 400 `INVALID_INPUT` when it is not a number from 0 to 99.
 */
export function readIndex(text: string | undefined): number {
  if (text === undefined || /^\d{1,2}$/.test(text)) return Number(text ?? 0);
  throw invalidInput('"index" must be a whole number from 0 to 99');
}

/**
 * Opens a video and creates its response. The bytes are passed on piece by piece. InsForge's
 * self-hosted worker destroys responses that are not text: there the response is JSON with a data URL,
 * up to 20 MiB.
 *
 * @throws {ApiError} as `openContent`; 400 `INVALID_INPUT` for a video that is too large for JSON.
 */
export async function contentResponse(
  call: Call,
  row: VideoRow,
  index: number,
): Promise<Response> {
  const { settings, request: { signal } } = call;
  const content = await openContent(row, { settings, index, signal });
  if (isBufferingPlatform()) return Response.json(await readInline(content));
  const headers = new Headers({
    "Content-Type": content.mediaType,
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
  });
  if (content.length !== undefined) headers.set("Content-Length", String(content.length));
  return fileStream(call, content.source, headers);
}

async function readInline({ mediaType, source }: VideoContent): Promise<InlineVideo> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let piece = await source.read(); piece; piece = await source.read()) {
    size += piece.length;
    if (size > MAX_INLINE_BYTES) {
      await source.cancel();
      throw invalidInput(
        'This video is too large to be sent here; order it with "save" and load the copy',
      );
    }
    pieces.push(piece);
  }
  const media_type = mediaType.replace(/\s/g, "");
  return { media_type, data_url: `data:${media_type};base64,${toBase64(joinBytes(pieces))}` };
}
