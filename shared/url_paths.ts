/** Slashes in URLs and their paths. */

/** Removes the slashes at the end of a URL or path of any length. */
export function dropTrailingSlashes(path: string): string {
  // Without the lookbehind every slash of a long run is tried: the time grows with its square.
  return path.replace(/(?<!\/)\/+$/, "");
}

/** Replaces each run of slashes in a path by one slash. */
export function collapseSlashes(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}

/**
 * Splits the URL of a request, which is normalised already: parsing it again costs as much as routing
 * it.
 *
 * @returns the path, `/` at least, and the query, which begins with `?` or is empty.
 */
export function splitRequestUrl(url: string): { path: string; query: string } {
  const fragment = url.indexOf("#");
  const end = fragment < 0 ? url.length : fragment;
  const mark = url.indexOf("?");
  const pathEnd = mark < 0 || mark > end ? end : mark;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const path = start < 0 || start >= pathEnd ? "/" : url.slice(start, pathEnd);
  return { path, query: url.slice(pathEnd, end) };
}
