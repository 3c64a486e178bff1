/** The paths by which the deprecated routes are called, and the one by which they are routed. */
import { dropTrailingSlashes } from "../../shared/url_paths.ts";

const ROUTES = ["/ai/chat/completion", "/ai/image/generation", "/ai/embeddings", "/ai/models"];

/**
 * Changes the URL of a request to the form that is routed: without `/api` in front, in lower case,
 * and with a path in place of `?route=chat/completion`. An unknown path keeps its spelling.
 */
export function toRouted(request: Request): Request {
  const url = new URL(request.url);
  const path = url.pathname.replace(/^\/legacy-compat(?=\/|$)/, "")
    .replace(/^(\/api)+(?=\/|$)/i, "");
  const given = dropTrailingSlashes(path) || toPath(url.searchParams.get("route"));
  const known = ROUTES.find((route) => route === given.toLowerCase());
  url.pathname = `/legacy-compat${known ?? given}`;
  return new Request(url, request);
}

function toPath(route: string | null): string {
  return route ? `/ai/${dropTrailingSlashes(route.replace(/^\/?(api\/)?(ai\/)?/i, ""))}` : "";
}
