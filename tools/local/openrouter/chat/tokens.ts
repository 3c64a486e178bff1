/** Text as tokens: a word of up to eight letters is one, with the space before it. */

const TOKEN = /\s*\S{1,8}|\s+$/gu;

/** Splits a text into its tokens; joined they are the text again. */
export function toTokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** The number of tokens in a text. */
export function countTokens(text: string): number {
  return toTokens(text).length;
}
