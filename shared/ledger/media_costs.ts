/** What requests may cost that are not priced by the tokens of their JSON. */
import type { Fields } from "../fields.ts";

/** The most that a request for media or for a ranking may use. */
export interface MediaCosts {
  /** Prompt tokens that the call may use. */
  promptTokens: number;
  /** Completion tokens that the call may use. */
  completionTokens: number;
  /** USD for what is priced per piece. */
  usd: number;
}

const BYTES_PER_TOKEN = 3;
/** The price of one search of a reranker, USD. */
const USD_PER_SEARCH = 0.0025;
/** Documents in one search. A longer document counts as several. */
const DOCUMENTS_PER_SEARCH = 100;
const BYTES_PER_DOCUMENT = 1_500;
/** The price of a character that is spoken, USD, where it is not priced by tokens. */
const USD_PER_CHARACTER = 0.00003;
/** A character takes about 1/15 s to speak, and a second of speech is up to 30 tokens. */
const SPEECH_TOKENS_PER_CHARACTER = 2;
/** The fewest bytes in which a codec keeps a second of speech. */
const BYTES_PER_SECOND = 1_000;
const AUDIO_TOKENS_PER_SECOND = 32;
const TEXT_TOKENS_PER_SECOND = 4;
/** The price of a second of audio that is transcribed, USD. */
const USD_PER_SECOND = 0.0001;
const USD_PER_OBJECT = 0.05;
/** The price of a second of video, USD, where the catalogue states none. */
const USD_PER_VIDEO_SECOND = 0.75;
/** Seconds of a video whose length is not requested. */
const VIDEO_SECONDS = 10;

const ESTIMATES = new Map<string, (params: Fields, bytes: number) => MediaCosts>([
  ["/rerank", estimateRanking],
  ["/audio/speech", estimateSpeech],
  ["/audio/transcriptions", estimateTranscription],
  ["/objects/generations", estimateObjects],
  ["/videos", estimateVideo],
]);

/**
 * Estimates the most that a request for media or for a ranking may use.
 *
 * @param path the operation, such as `/rerank`.
 * @param bytes of the JSON that is sent.
 * @returns undefined for all other operations.
 */
export function estimateMedia(path: string, params: Fields, bytes: number): MediaCosts | undefined {
  return ESTIMATES.get(path)?.(params, bytes);
}

function estimateRanking({ query, documents }: Fields, bytes: number): MediaCosts {
  const list = Array.isArray(documents) ? documents : [];
  const queryLength = typeof query === "string" ? query.length : 0;
  const pieces = list.reduce((sum: number, document) => {
    const length = (JSON.stringify(document) ?? "").length + queryLength;
    return sum + Math.ceil(length / BYTES_PER_DOCUMENT);
  }, 0);
  const searches = Math.max(1, Math.ceil(pieces / DOCUMENTS_PER_SEARCH));
  const promptTokens = Math.ceil(bytes / BYTES_PER_TOKEN);
  return { promptTokens, completionTokens: 0, usd: searches * USD_PER_SEARCH };
}

function estimateSpeech({ input }: Fields, bytes: number): MediaCosts {
  const characters = typeof input === "string" ? input.length : bytes;
  return {
    promptTokens: characters,
    completionTokens: characters * SPEECH_TOKENS_PER_CHARACTER,
    usd: characters * USD_PER_CHARACTER,
  };
}

function estimateTranscription(_: Fields, bytes: number): MediaCosts {
  const seconds = Math.ceil(bytes * 3 / 4 / BYTES_PER_SECOND);
  return {
    promptTokens: seconds * AUDIO_TOKENS_PER_SECOND,
    completionTokens: seconds * TEXT_TOKENS_PER_SECOND,
    usd: seconds * USD_PER_SECOND,
  };
}

function estimateObjects({ num_outputs }: Fields, bytes: number): MediaCosts {
  const count = typeof num_outputs === "number" ? Math.max(1, num_outputs) : 1;
  const promptTokens = Math.ceil(bytes / BYTES_PER_TOKEN);
  return { promptTokens, completionTokens: 0, usd: count * USD_PER_OBJECT };
}

function estimateVideo({ duration }: Fields): MediaCosts {
  const seconds = typeof duration === "number" ? Math.max(1, duration) : VIDEO_SECONDS;
  return { promptTokens: 0, completionTokens: 0, usd: seconds * USD_PER_VIDEO_SECOND };
}
