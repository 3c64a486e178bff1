/** The most similar name, found as PostgREST does: by shared groups of letters, then by edits. */

const LEAST_SIMILARITY = 0.33;

/**
 * Returns the candidate that is most similar to `name`, or `undefined` when none is similar enough.
 *
 * Candidates must share a group of three letters, or else of two. Among those, the one with the fewest
 * edits in relation to its length wins.
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
    const [best] = ranked;
    return best && best.score >= LEAST_SIMILARITY ? best.candidate : undefined;
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
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
