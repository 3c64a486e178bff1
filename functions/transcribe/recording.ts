/** Recordings as callers send them: base64 in JSON, a file in a form, or the bytes themselves. */
import * as z from "zod/mini";
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { toBase64 } from "../../shared/base64.ts";
import { type BodyLimits, parseValue, readBody, readBytes } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { isForm, readForm, requireByteBodies } from "../../shared/http/form.ts";
import {
  toAudioFormat,
  toRecording,
  transcriptionOptions,
} from "../../shared/request/recording.ts";
import { savePlace } from "../../shared/request/save_place.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";

/** What to transcribe; OpenRouter's other fields pass through. */
export const transcribeRequest = z.looseObject({
  /** The recording: base64, or a data URL. */
  audio: nonEmptyText.check(
    z.refine(
      (text) => /^(data:[\w/.+;=-]+;base64,)?[\w+/-]+=*$/.test(text),
      "must be base64 or a data:audio/…;base64 URL",
    ),
  ),
  /** Such as `mp3`, `wav`, `m4a`, `ogg`, `flac` or `webm`; a data URL and a file say it themselves. */
  format: z.optional(nonEmptyText),
  ...transcriptionOptions,
  /** Where to store the text in the app's storage, as the caller. */
  save: z.optional(savePlace),
});

/** The fields that a query can hold, which has no numbers, lists and objects. */
const queryRequest = z.omit(transcribeRequest, {
  temperature: true,
  timestamp_granularities: true,
  save: true,
});

/** A checked request. */
export type TranscribeRequest = z.infer<typeof transcribeRequest>;

/**
 * Reads a request: JSON; where the platform passes on bytes, also a form with `file`, or a body of type
 * `audio/…` or `video/…` with the other fields in the query.
 *
 * @throws {ApiError} as `readBody` and `readForm`.
 */
export async function readRecording(call: Call, limits: BodyLimits): Promise<TranscribeRequest> {
  const format = toAudioFormat(call.request.headers.get("Content-Type") ?? undefined);
  if (format) return await readRaw(call, limits, format);
  if (!isForm(call)) return await readBody(call, transcribeRequest, limits);
  const { data, format: named, fields } = await toRecording(await readForm(call, limits));
  return parseValue({ format: named, ...fields, audio: data }, transcribeRequest);
}

async function readRaw(
  call: Call,
  limits: BodyLimits,
  format: string,
): Promise<TranscribeRequest> {
  requireByteBodies();
  const { route: _, ...query } = Object.fromEntries(new URL(call.request.url).searchParams);
  const audio = toBase64(await readBytes(call, limits));
  return parseValue({ format, ...query, audio }, queryRequest);
}

/**
 * Converts a request to OpenRouter's form.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when the format is unknown.
 */
export function toTranscriptionParams({ audio, format, ...options }: TranscribeRequest): Fields {
  const [, mediaType] = /^data:([\w/.+-]+)/.exec(audio) ?? [];
  const named = format ?? toAudioFormat(mediaType);
  if (!named) throw invalidInput('"format" is required, unless "audio" is a data URL of audio');
  const data = audio.slice(audio.indexOf(",") + 1);
  return { ...options, input_audio: { data, format: named } };
}
