/** The paths by which the deprecated routes are called, and the one by which they are routed. */
import { collapseSlashes, dropTrailingSlashes } from "../../shared/url_paths.ts";

/**
 * Returns the path of a request in the form that is routed: without the function and `/api` in front,
 * in lower case, and in place of `?route=chat/completion`. An unknown path keeps its spelling.
 *
 * @param known the paths of the routes.
 */
export function toLegacyPath({ pathname, searchParams }: URL, known: string[]): string {
  const path = collapseSlashes(pathname).replace(/^\/legacy-compat(?=\/|$)/, "")
    .replace(/^(\/api)+(?=\/|$)/i, "");
  const given = dropTrailingSlashes(path) || toPath(searchParams.get("route"));
  return known.find((route) => route === given.toLowerCase()) ?? given;
}

function toPath(route: string | null): string {
  return route ? `/ai/${dropTrailingSlashes(route.replace(/^\/?(api\/)?(ai\/)?/i, ""))}` : "";
}
