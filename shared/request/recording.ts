/** Recordings to transcribe: their formats, the options of a transcription, and recordings in forms. */
import * as z from "zod/mini";
import { toBase64 } from "../base64.ts";
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { listFiles, toFormFields } from "../http/form.ts";
import { nonEmptyText } from "./text_fields.ts";

/** How to transcribe; these are OpenRouter's fields, which OpenAI's clients send, too. */
export const transcriptionOptions = {
  /** The setting `OPENROUTER_TRANSCRIPTION_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** ISO 639-1, such as `en`; recognized unless given. */
  language: z.optional(nonEmptyText),
  temperature: z.optional(z.number().check(z.gte(0), z.lte(1))),
  /** `verbose_json` adds language, duration and times, with models that have them. */
  response_format: z.optional(z.enum(["json", "verbose_json"])),
  timestamp_granularities: z.optional(z.array(z.enum(["word", "segment"])).check(z.minLength(1))),
};

/** OpenRouter's names for media types whose subtype is not a format. */
const FORMATS = new Map([
  ["mpeg", "mp3"],
  ["mp4", "m4a"],
  ["x-m4a", "m4a"],
  ["x-wav", "wav"],
  ["wave", "wav"],
  ["vnd.wave", "wav"],
  ["x-flac", "flac"],
  ["opus", "ogg"],
]);
/** Fields of a form whose text is JSON. */
const JSON_FIELDS = ["temperature", "provider", "save", "simulate", "stream"];

/** A recording in a form, with the other fields of the form. */
export interface FormRecording {
  /** The recording in base64. */
  data: string;
  /** The format that the file's media type or name says. */
  format: string | undefined;
  /** The texts of the form, as JSON would have them. */
  fields: Fields;
}

/**
 * Reads the recording of a form, in the part `file`. OpenAI's and OpenRouter's clients send such forms.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when `file` is missing.
 */
export async function toRecording(form: FormData): Promise<FormRecording> {
  const [file] = listFiles(form, "file");
  if (!file) throw invalidInput('"file" is required');
  const [, extension] = /\.(\w+)$/.exec(file.name) ?? [];
  return {
    data: toBase64(await file.bytes()),
    format: toAudioFormat(file.type) ?? extension?.toLowerCase(),
    fields: toFormFields(form, JSON_FIELDS),
  };
}

/**
 * OpenRouter's name for the format of a media type, such as `mp3` for `audio/mpeg`. Recordings of a
 * browser are sometimes labelled as video.
 *
 * @returns undefined for a media type of neither audio nor video.
 */
export function toAudioFormat(mediaType = ""): string | undefined {
  const [, subtype] = /^(?:audio|video)\/([\w.+-]+)/i.exec(mediaType) ?? [];
  return subtype && (FORMATS.get(subtype.toLowerCase()) ?? subtype.toLowerCase());
}
