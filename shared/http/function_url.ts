/** The URL at which callers reach a function. */
import type { Call } from "./call.ts";
import { isBufferingPlatform } from "./platform.ts";

/** A path below a function, and its query. */
export interface FunctionPath {
  /** Without a slash at its beginning. */
  path: string;
  /** Parameters of the query. */
  query?: Record<string, string>;
}

/**
 * The URL of a path of the called function. It has the host that the caller used. InsForge's
 * self-hosted worker does not know that host: there the URL leads through the project's URL, and has
 * the path in `?route=`.
 *
 * @param runtime the `Deno` that the functions see.
 */
export function toFunctionUrl(
  { request, slug, settings }: Pick<Call, "request" | "slug" | "settings">,
  { path, query = {} }: FunctionPath,
  runtime?: object,
): string {
  const base = settings.INSFORGE_BASE_URL;
  if (base && isBufferingPlatform(runtime)) {
    return `${base}/functions/${slug}?${new URLSearchParams({ route: path, ...query })}`;
  }
  const url = new URL(request.url);
  // Behind a proxy that ends TLS, the request itself arrives by plain HTTP.
  if (request.headers.get("X-Forwarded-Proto") === "https") url.protocol = "https:";
  const search = new URLSearchParams(query).toString();
  return `${url.origin}/${slug}/${path}${search && `?${search}`}`;
}
