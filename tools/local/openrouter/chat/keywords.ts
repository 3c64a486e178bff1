/** The keywords of a text. */

const WORD = /[\p{L}\p{N}][\p{L}\p{N}'’-]{2,}/gu;

const COMMON = new Set(
  ("about above after again all also and any are because been before being between both but can " +
    "could did does doing down during each few for from further give had has have having her here " +
    "hers him his how into its just like make many may me might more most must need not now off " +
    "one only other our out over own please same say she should show some such tell than that the " +
    "their them then there these they this those through too two under until use very was way were " +
    "what when where which while who whom why will with would you your " +
    "write explain compare describe list tell summarize plan hello thanks").split(" "),
);

/** Returns the first `count` words that are not common, each once. */
export function findKeywords(text: string, count: number): string[] {
  const found = new Map<string, string>();
  for (const [word] of text.matchAll(WORD)) {
    const plain = word.toLowerCase();
    if (!COMMON.has(plain) && !found.has(plain)) found.set(plain, word);
    if (found.size === count) break;
  }
  return [...found.values()];
}

/** Joins words: "a, b and c". */
export function toList(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
