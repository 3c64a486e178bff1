/** A whole number below 2³² for a text: the same on every run, unlike for unlike texts (FNV-1a). */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 15; // the low bits alone would tell the last letter
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}
