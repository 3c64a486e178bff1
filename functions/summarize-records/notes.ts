/** Notes on the chunks of many rows, from which one summary is written. */
import type { Fields } from "../../shared/fields.ts";
import type { Ai } from "../../shared/mod.ts";
import type { Preparation } from "../../shared/openrouter/prepared_stream.ts";
import { requireText } from "../../shared/openrouter/written_answer.ts";
import { shorten } from "../../shared/request/text_bytes.ts";
import type { TokenUsage } from "../../shared/token_usage.ts";
import { mergeNotes, noteRows, type Topic } from "./digest.ts";
import { toProgress } from "./response.ts";

/** What to take notes on, and how. */
export interface Order {
  topic: Topic;
  chunks: string[];
  /** The fields of each completion beside its messages. */
  options: Fields;
  /** The size of all notes together, in bytes of UTF-8. */
  maxBytes: number;
}

/** What the summary is written from. */
export interface Notes {
  /** The conversation that asks for the summary. */
  messages: Fields[];
  /** Whether notes had to be shortened. */
  truncated: boolean;
  /** Tokens and cost of each note, when known. */
  usages: (TokenUsage | undefined)[];
}

/**
 * Takes notes on each chunk.
 *
 * @param preparation gets an event after each chunk, and may abort the calls.
 * @throws {ApiError} as `completeAll`; as `requireText` for a note without text.
 */
export async function takeNotes(
  ai: Pick<Ai, "completeAll">,
  { topic, chunks, options, maxBytes }: Order,
  { report, signal }: Partial<Preparation> = {},
): Promise<Notes> {
  const conversations = chunks.map((chunk, i) => ({
    ...options,
    response_format: undefined, // it describes the summary; notes are free text
    messages: noteRows(topic, chunk, i + 1, chunks.length),
  }));
  const onEach = (done: number) => report?.(toProgress(done, chunks.length));
  const notes = await ai.completeAll(conversations, { signal, onEach });
  const texts = notes.map(requireText);
  const fitting = texts.map((text) => shorten(text, Math.floor(maxBytes / texts.length)));
  return {
    messages: mergeNotes(topic, fitting),
    truncated: fitting.some((text, i) => text !== texts[i]),
    usages: notes.map(({ usage }) => usage),
  };
}
