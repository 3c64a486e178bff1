/** Recordings as callers send them: base64 in JSON, or a file in a form. */
import * as z from "zod/mini";
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { type BodyLimits, parseValue, readBody } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { isForm, readForm } from "../../shared/http/form.ts";
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

/** A checked request. */
export type TranscribeRequest = z.infer<typeof transcribeRequest>;

/**
 * Reads a request: JSON, or a form with `file` where the platform passes on bytes.
 *
 * @throws {ApiError} as `readBody` and `readForm`.
 */
export async function readRecording(call: Call, limits: BodyLimits): Promise<TranscribeRequest> {
  if (!isForm(call)) return await readBody(call, transcribeRequest, limits);
  const { data, format, fields } = await toRecording(await readForm(call, limits));
  return parseValue({ format, ...fields, audio: data }, transcribeRequest);
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
