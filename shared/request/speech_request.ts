/** Requests to speak a text. */
import * as z from "zod/mini";
import { nonEmptyText, promptText } from "./text_fields.ts";

/** What to say, and how; OpenRouter's other fields pass through. */
export const speechRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  input: promptText,
  /** The setting `OPENROUTER_SPEECH_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** One of the model's voices, see `models`; `alloy` unless given. */
  voice: z.optional(nonEmptyText),
  /** `mp3` unless given. `pcm` is raw samples of 16 bits. */
  response_format: z.optional(z.enum(["mp3", "pcm"])),
  /** Tempo, 1 unless given. */
  speed: z.optional(z.number().check(z.gte(0.25), z.lte(4))),
});

/** The fields of a request that leaves them out. */
export const SPEECH_DEFAULTS = { voice: "alloy", response_format: "mp3" };
