/** Routing and rendering: from a platform's request to a route, and from any outcome to a response. */
import { Hono } from "hono/tiny";
import { ApiError, toErrorBody } from "../errors.ts";
import type { Environment } from "../settings.ts";
import { collapseSlashes, dropTrailingSlashes } from "../url_paths.ts";
import { ActiveCall, type Call } from "./call.ts";
import { setCorsHeaders } from "./cors.ts";

/** What an edge function exports. The platform calls it with the request alone. */
export interface EdgeFunction {
  (request: Request, environment?: Environment): Promise<Response>;
  /** The routes of the function, for tools and tests; no platform reads them. */
  routes: { method: string; path: string }[];
}

/** A function's routes. Their paths are relative to the function; `/` is the function itself. */
export type App = Hono<{ Bindings: Call }>;

/** What may differ from one function to another. */
export interface AppOptions {
  /** Creates the body of an error response; InsForge's flat shape unless given. */
  toErrorBody?: (error: ApiError) => Record<string, unknown>;
}

/**
 * Creates a function's router and the handler to export.
 *
 * The handler hides how a platform routes: a request for `/slug`, `/slug/sub` or, when the platform
 * has already removed the slug as InsForge's cloud router does, `/sub` reaches the route `/` or
 * `/sub`. On a platform without sub-paths, `/slug?route=sub` does. Repeated slashes count as one. The
 * handler responds to `OPTIONS`, 404 and 405 itself, renders every thrown {@link ApiError}, sets the
 * CORS headers and `X-Request-Id` on every response, and writes one JSON log line per request. It
 * never throws.
 *
 * @param slug the name of the function's folder.
 * @returns `app` to add routes to, `handler` to export as default.
 */
export function createApp(
  slug: string,
  options: AppOptions = {},
): { app: App; handler: EdgeFunction } {
  const app: App = new Hono({ getPath: (request) => toRoutePath(slug, request.url) });

  app.notFound((c) => {
    const methods = listMethods(app).filter((method) =>
      app.router.match(method, c.req.path)[0].length > 0
    );
    if (methods.length === 0) {
      throw new ApiError(404, "NOT_FOUND", `The function "${slug}" has no path ${c.req.path}`);
    }
    const allow = [...methods, "OPTIONS"].join(", ");
    throw new ApiError(405, "INVALID_INPUT", `${c.req.method} is not allowed here; use ${allow}`, {
      headers: { Allow: allow },
    });
  });
  // Errors are rendered below, because hono passes only instances of Error to this handler.
  app.onError((thrown) => {
    throw thrown;
  });

  async function respond(call: ActiveCall): Promise<Response> {
    if (call.request.method === "OPTIONS") return new Response(null, { status: 204 });
    try {
      call.settings.ALLOWED_ORIGINS; // if it is invalid, no browser could read a paid response
      return await app.fetch(call.request, call);
    } catch (thrown) {
      return renderError(call.fail(thrown), options.toErrorBody ?? toErrorBody);
    }
  }

  async function handler(request: Request, environment?: Environment): Promise<Response> {
    // Platforms may pass a second argument of their own.
    const call = new ActiveCall(slug, request, environment?.get ? environment : undefined);
    const response = await respond(call);
    const { headers } = response;
    headers.set("X-Request-Id", call.requestId);
    const generationId = String(call.log.generation_id ?? "");
    // Gateways choose the form of their ids, and not every text can be a header.
    if (/^[\x21-\x7e]+$/.test(generationId)) headers.set("X-Generation-Id", generationId);
    setCorsHeaders(headers, call, listMethods(app));
    return await call.deliver(response);
  }

  return { app, handler: Object.assign(handler, { routes: app.routes }) };
}

/** The path below the function: `/v1/models`, `/models` and `/v1?route=models` are all `/models`. */
function toRoutePath(slug: string, requestUrl: string): string {
  const url = new URL(requestUrl);
  const own = `/${slug}`;
  const full = collapseSlashes(url.pathname);
  const isNamed = full === own || full.startsWith(`${own}/`);
  const path = dropTrailingSlashes(isNamed ? full.slice(own.length) : full);
  return path || "/" + (url.searchParams.get("route") ?? "").replace(/^\/+/, "");
}

function listMethods(app: App): string[] {
  return [...new Set(app.routes.map(({ method }) => method))];
}

function renderError(error: ApiError, toBody: typeof toErrorBody): Response {
  const headers = new Headers(error.headers);
  if (error.retryAfterSeconds !== undefined) {
    headers.set("Retry-After", String(Math.ceil(error.retryAfterSeconds)));
  }
  return Response.json(toBody(error), { status: error.status, headers });
}
