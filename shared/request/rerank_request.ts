/** Requests to rank documents, and the form that OpenRouter's API has for them. */
import * as z from "zod/mini";
import type { Settings } from "../settings.ts";
import { requireShort } from "./chat_request.ts";
import { requireInputTokens } from "./input_tokens.ts";
import { imageUrl, nonEmptyText, promptText } from "./text_fields.ts";

const document = z.looseObject({ text: z.optional(nonEmptyText), image: z.optional(imageUrl) })
  .check(
    z.refine(({ text, image }) => (text ?? image) !== undefined, "must have a text or an image"),
  );

/** What to rank; OpenRouter's other fields pass through. */
export const rerankRequest = z.looseObject({
  /** At most `MAX_PROMPT_CHARS` characters. */
  query: promptText,
  documents: z.array(z.union([nonEmptyText, document])).check(z.minLength(1), z.maxLength(1_000)),
  /** The setting `OPENROUTER_RERANK_MODEL` unless given. */
  model: z.optional(nonEmptyText),
  /** How many documents to return; all unless given. */
  top_n: z.optional(z.int().check(z.gte(1))),
});

/**
 * Rejects a query and documents that are too long.
 *
 * @throws {ApiError} 400 `INVALID_INPUT` that names the field; see `requireShort`.
 */
export function requireShortRanking(
  { query, documents }: { query: string; documents: unknown[] },
  settings: Settings,
): void {
  requireShort(query, "query", settings);
  requireInputTokens({ documents }, settings);
}
