/** Requests for speech and transcriptions, in the forms of OpenAI's and OpenRouter's clients. */
import * as z from "zod/mini";
import { invalidInput } from "../../shared/errors.ts";
import type { Fields } from "../../shared/fields.ts";
import { type BodyLimits, parseValue, readBody } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { isForm, readForm } from "../../shared/http/form.ts";
import { isBufferingPlatform } from "../../shared/http/platform.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { SPEECH_DEFAULTS, speechRequest } from "../../shared/request/speech_request.ts";
import { toRecording, transcriptionOptions } from "../../shared/request/recording.ts";
import { nonEmptyText } from "../../shared/request/text_fields.ts";
import type { Settings } from "../../shared/settings.ts";

/** What to say, and how, in OpenAI's form; OpenRouter's other fields pass through. */
export const openAISpeechRequest = z.extend(speechRequest, {
  stream_format: z.optional(z.literal("audio")),
});

/**
 * Creates the body for OpenRouter's `/audio/speech`.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` for an input above `MAX_PROMPT_CHARS`, and on self-hosted
 *   InsForge, which cannot deliver audio.
 */
export function toSpeechParams(
  { stream_format: _, ...request }: z.infer<typeof openAISpeechRequest>,
  settings: Settings,
): Fields {
  if (isBufferingPlatform()) {
    throw invalidInput(
      'This server delivers text only; use the function "speech", which returns base64',
    );
  }
  requireShort(request.input, "input", settings);
  return { model: settings.OPENROUTER_SPEECH_MODEL, ...SPEECH_DEFAULTS, ...request };
}

/** What to transcribe, as JSON; OpenRouter's other fields pass through. */
export const transcriptionRequest = z.looseObject({
  /** The recording in base64, and its format, such as `mp3`. */
  input_audio: z.looseObject({ data: nonEmptyText, format: nonEmptyText }),
  ...transcriptionOptions,
  stream: z.optional(z.literal(false)),
});

/**
 * Reads a request for a transcription: JSON, or a form with `file` where the platform passes on bytes.
 *
 * @returns the body for OpenRouter's `/audio/transcriptions`.
 * @throws {ApiError} as `readBody` and `readForm`.
 */
export async function readTranscription(call: Call, limits: BodyLimits): Promise<Fields> {
  const { stream: _, ...params } = isForm(call)
    ? parseValue(await toJson(await readForm(call, limits)), transcriptionRequest)
    : await readBody(call, transcriptionRequest, limits);
  return { model: call.settings.OPENROUTER_TRANSCRIPTION_MODEL, ...params };
}

async function toJson(form: FormData): Promise<Fields> {
  const { data, format, fields } = await toRecording(form);
  if (!format) throw invalidInput('"file" must have a media type or a name such as "a.mp3"');
  return { ...fields, input_audio: { data, format } };
}
