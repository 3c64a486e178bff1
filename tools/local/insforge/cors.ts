/** CORS headers as InsForge sends them: for every origin, with credentials. */

import type { MiddlewareHandler } from "hono";

const ALLOWED_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE";
const EXPOSED_HEADERS = "Content-Range,Preference-Applied";

/** Answers every `OPTIONS` itself, and lets the calling origin read all other responses. */
export const cors: MiddlewareHandler = async (context, next) => {
  const { req: request } = context;
  if (request.method === "OPTIONS") {
    context.res = new Response(null, { status: 204 });
    context.header("Content-Length", "0");
    context.header("Access-Control-Allow-Methods", ALLOWED_METHODS);
    context.header("Vary", "Access-Control-Request-Headers");
    const headers = request.header("access-control-request-headers");
    if (headers) context.header("Access-Control-Allow-Headers", headers);
  } else {
    await next();
  }
  context.header("Vary", "Origin", { append: true });
  const origin = request.header("origin");
  // Responses of the function proxy keep the `*` that InsForge sets.
  if (origin && !context.res.headers.has("access-control-allow-origin")) {
    context.header("Access-Control-Allow-Origin", origin);
  }
  context.header("Access-Control-Allow-Credentials", "true");
  if (!context.res.headers.has("access-control-expose-headers")) {
    context.header("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  }
};
