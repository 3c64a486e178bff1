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
