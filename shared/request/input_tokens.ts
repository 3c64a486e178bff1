/** How long the input of a request may be: `MAX_INPUT_TOKENS`, by an estimate. */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";

/** Bytes of UTF-8 per token: about 4 in English, 3 in most other languages. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_IMAGE = 1_000;
const IMAGE_PARTS = new Set(["image", "image_url", "input_image", "computer_screenshot"]);
const encoder = new TextEncoder();

/**
 * Rejects fields that are longer than `MAX_INPUT_TOKENS`, each compared by itself.
 *
 * @param fields those that a model reads, such as `{ messages }`, as the caller sent them.
 * @throws {ApiError} 400 `INVALID_INPUT` with the field, the maximum and the estimate.
 */
export function requireInputTokens(fields: Fields, { MAX_INPUT_TOKENS }: Settings): void {
  if (MAX_INPUT_TOKENS === undefined) return;
  for (const [name, value] of Object.entries(fields)) {
    const tokens = estimateInputTokens(value);
    if (tokens <= MAX_INPUT_TOKENS) continue;
    throw invalidInput(
      `"${name}" must have at most ${MAX_INPUT_TOKENS} tokens, and has about ${tokens}`,
    );
  }
}

/**
 * Estimates the tokens of a text, a prompt, a conversation or a list of texts: 3 bytes of text are a
 * token, a number is one, an image has 1,000. A file by URL or id counts only as the text of that.
 */
export function estimateInputTokens(value: unknown): number {
  const counted = { bytes: 0, tokens: 0 };
  count(value, counted);
  return counted.tokens + Math.ceil(counted.bytes / BYTES_PER_TOKEN);
}

function count(value: unknown, counted: { bytes: number; tokens: number }): void {
  if (typeof value === "string") {
    if (/^data:image\//i.test(value)) counted.tokens += TOKENS_PER_IMAGE;
    else counted.bytes += encoder.encode(value).length;
  } else if (typeof value === "number") {
    counted.tokens++;
  } else if (Array.isArray(value)) {
    for (const item of value) count(item, counted);
  } else if (typeof value === "object" && value !== null) {
    if (IMAGE_PARTS.has((value as Fields).type as string)) counted.tokens += TOKENS_PER_IMAGE;
    else for (const child of Object.values(value)) count(child, counted);
  }
}
