/** Cross-origin resource sharing: which pages may read a response. */
import type { ApiError } from "../errors.ts";
import type { ActiveCall } from "./call.ts";

const EXPOSED_HEADERS = "X-Request-Id, X-Generation-Id, Retry-After";
const PREFLIGHT_SECONDS = "86400";

/**
 * Sets the CORS headers of a response, those of a preflight included.
 *
 * When the setting `ALLOWED_ORIGINS` is invalid, no origin is allowed and the log line says why.
 *
 * @param headers the response headers; they are changed in place.
 * @param call the request that is responded to.
 * @param listMethods lists the methods that the function has routes for.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function setCorsHeaders(
  headers: Headers,
  call: ActiveCall,
  listMethods: () => string[],
): void {
  const { request } = call;
  const origin = findAllowedOrigin(call);
  if (origin !== "*") headers.append("Vary", "Origin");
  if (origin === undefined) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  if (request.method !== "OPTIONS") return;
  headers.set("Access-Control-Allow-Methods", [...listMethods(), "OPTIONS"].join(", "));
  headers.set(
    "Access-Control-Allow-Headers",
    request.headers.get("Access-Control-Request-Headers") ?? "Authorization, Content-Type",
  );
  headers.set("Access-Control-Max-Age", PREFLIGHT_SECONDS);
}

/** `*`, the request's own origin when it is listed, or nothing: a browser then hides the response. */
function findAllowedOrigin({ settings, log, request }: ActiveCall): string | undefined {
  let allowed: string[];
  try {
    allowed = settings.ALLOWED_ORIGINS;
  } catch (invalid) {
    log.cause = (invalid as ApiError).message;
    return undefined;
  }
  if (allowed.includes("*")) return "*";
  const origin = request.headers.get("Origin") ?? "";
  return allowed.includes(origin) ? origin : undefined;
}
