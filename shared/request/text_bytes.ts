/** The size of texts in bytes of UTF-8. */

const encoder = new TextEncoder();

/** The size of a text in bytes of UTF-8. */
export function countBytes(text: string): number {
  return encoder.encode(text).length;
}

/** Cuts a text that is too long, between two characters, and marks the cut. */
export function shorten(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || countBytes(text) <= maxBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes - 3));
  return text.slice(0, read) + "…";
}
