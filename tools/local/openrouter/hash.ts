/** Returns a hash of a text below 2³², the same on every run (FNV-1a). */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 15; // otherwise the low bits depend only on the last letter
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}
