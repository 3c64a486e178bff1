/** The name somebody probably meant, found as PostgREST finds it: by shared letter groups, then by edits. */

const LEAST_SIMILARITY = 0.33;

/**
 * The candidate most like `name`, or `undefined` when none is like enough.
 *
 * Candidates must share a group of three letters, or failing that of two; among those the one with
 * the fewest edits for its length wins.
 */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const unique = [...new Set(candidates)];
  if (unique.includes(name)) return name;
  for (const size of [3, 2]) {
    const groups = groupsOf(name, size);
    const alike = unique.filter((candidate) => !groupsOf(candidate, size).isDisjointFrom(groups));
    if (alike.length === 0) continue;
    const ranked = alike
      .map((candidate) => ({ candidate, score: similarity(name, candidate) }))
      .sort((left, right) => right.score - left.score);
    return ranked[0].score >= LEAST_SIMILARITY ? ranked[0].candidate : undefined;
  }
  return undefined;
}

function groupsOf(name: string, size: number): Set<string> {
  const text = `-${name.toLowerCase().replace(/[^\p{L}\p{N}, ]/gu, "")}-`;
  const count = Math.max(0, text.length - size + 1);
  return new Set(Array.from({ length: count }, (_, index) => text.slice(index, index + size)));
}

function similarity(left: string, right: string): number {
  return 1 - editDistance(left.toLowerCase(), right.toLowerCase()) /
      Math.max(left.length, right.length);
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[right.length];
}
