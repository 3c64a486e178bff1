/** OpenRouter's audio APIs: text to speech, and speech to text. */
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { TokenUsage } from "../token_usage.ts";
import { type GeneratedFile, requestFile } from "./bytes.ts";
import { requestJson } from "./call.ts";

/** What was said in a recording. */
export interface Transcription {
  /** The text; empty when nothing was said. */
  text: string;
  /** Tokens or seconds, and the cost. */
  usage?: Partial<TokenUsage> & { seconds?: number };
  /** The language that was recognized. */
  language?: string;
  /** Seconds of audio. */
  duration?: number;
  /** Parts of the text with their times, when they were requested. */
  segments?: unknown[];
  /** Words with their times, when they were requested. */
  words?: unknown[];
  /** Fields that differ between models. */
  [detail: string]: unknown;
}

/**
 * Speaks a text.
 *
 * @param params `model`, `input`, `voice`, `response_format` and OpenRouter's other fields.
 * @throws {ApiError} as the docs' table of errors says; 502 for a response without audio.
 * @see https://openrouter.ai/docs/guides/overview/multimodal/tts
 */
export function createSpeech(call: Call, params: Fields): Promise<GeneratedFile> {
  return requestFile(call, { path: "/audio/speech", params });
}

/**
 * Writes down what is said in a recording.
 *
 * @param params `model`, `input_audio` with base64 and format, and OpenRouter's other fields.
 * @throws {ApiError} as the docs' table of errors says; 502 for a response without a text.
 * @see https://openrouter.ai/docs/guides/overview/multimodal/stt
 */
export function createTranscription(call: Call, params: Fields): Promise<Transcription> {
  const operation = { path: "/audio/transcriptions", params };
  return requestJson<Transcription>(call, operation, (response, error) => {
    if (error) throw error;
    const { text } = response;
    if (typeof text !== "string") throw unusable("The AI provider responded without a text");
  });
}
