/** Tokens of a text: up to eight characters of a word, with the space before it. */

const TOKEN = /\s*\S{1,8}|\s+$/gu;

/** Splits a text into tokens. Joined they are the text again. */
export function toTokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** Returns the number of tokens in a text. */
export function countTokens(text: string): number {
  return toTokens(text).length;
}
