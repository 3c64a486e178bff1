/** Recordings as callers send them: base64 in JSON, or a file in a form. */
import * as z from "zod/mini";
import { toBase64 } from "../../shared/base64.ts";
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { type BodyLimits, parseValue, readBody, readBytes } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";

/** What to write down; OpenRouter's other fields pass through. */
export const transcribeRequest = z.looseObject({
  /** The recording: base64, or a data URL. */
  audio: nonEmptyText.check(
    z.refine(
      (text) => /^(data:[\w/.+;=-]+;base64,)?[\w+/-]+=*$/.test(text),
      "must be base64 or a data:audio/…;base64 URL",
    ),
  ),
  /** Such as `mp3`, `wav`, `m4a`, `ogg`, `flac` or `webm`; a data URL and a file name it themselves. */
  format: z.optional(nonEmptyText),
  /** The setting `OPENROUTER_TRANSCRIPTION_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** ISO 639-1, such as `en`; recognized unless given. */
  language: z.optional(nonEmptyText),
  temperature: z.optional(z.number().check(z.gte(0), z.lte(1))),
  /** `verbose_json` adds language, duration and times, with models that have them. */
  response_format: z.optional(z.enum(["json", "verbose_json"])),
  timestamp_granularities: z.optional(z.array(z.enum(["word", "segment"])).check(z.minLength(1))),
});

/** A checked request. */
export type TranscribeRequest = z.infer<typeof transcribeRequest>;

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

/**
 * Reads a request: JSON, or a form with `file` where the platform passes on bytes.
 *
 * @throws {ApiError} as `readBody`; 400 `INVALID_INPUT` for a form that cannot be read.
 */
export async function readRecording(call: Call, limits: BodyLimits): Promise<TranscribeRequest> {
  const type = call.request.headers.get("Content-Type") ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) {
    return await readBody(call, transcribeRequest, limits);
  }
  const bytes = await readBytes(call, limits);
  return parseValue(await toFields(await parseForm(bytes, type)), transcribeRequest);
}

/**
 * Converts a request to OpenRouter's form.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` when the format is unknown.
 */
export function toTranscriptionParams({ audio, format, ...options }: TranscribeRequest): Fields {
  const [, mediaType] = /^data:([\w/.+-]+)/.exec(audio) ?? [];
  const named = format ?? toFormat(mediaType);
  if (!named) throw invalidInput('"format" is required, unless "audio" is a data URL of audio');
  const data = audio.slice(audio.indexOf(",") + 1);
  return { ...options, input_audio: { data, format: named } };
}

async function parseForm(bytes: Uint8Array, type: string): Promise<FormData> {
  try {
    const body = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    return await new Response(body, { headers: { "Content-Type": type } }).formData();
  } catch (cause) {
    throw invalidInput("The request body must be a form of multipart/form-data", cause);
  }
}

/** A form in the shape of the JSON: OpenAI's clients send forms with these fields. */
async function toFields(form: FormData): Promise<Fields> {
  const file = form.get("file");
  if (!(file instanceof File)) throw invalidInput('"file" is required');
  const fields: Fields = Object.create(null);
  for (const [name, value] of form) {
    if (name === "file" || typeof value !== "string") continue;
    if (name.endsWith("[]")) fields[name.slice(0, -2)] = form.getAll(name);
    else fields[name] = name === "temperature" ? Number(value) : value;
  }
  const [, extension] = /\.(\w+)$/.exec(file.name) ?? [];
  return {
    format: toFormat(file.type) ?? extension?.toLowerCase(),
    ...fields,
    audio: toBase64(await file.bytes()),
  };
}

/** The format of a media type of audio; recordings of a browser are sometimes labelled as video. */
function toFormat(mediaType = ""): string | undefined {
  const [, subtype] = /^(?:audio|video)\/([\w.+-]+)/i.exec(mediaType) ?? [];
  return subtype && (FORMATS.get(subtype.toLowerCase()) ?? subtype.toLowerCase());
}
