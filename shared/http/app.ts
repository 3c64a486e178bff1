/** Routing and rendering: from a platform's request to a route, and from any outcome to a response. */
import { Hono } from "hono/tiny";
import { ApiError, toErrorBody } from "../errors.ts";
import type { Environment } from "../settings.ts";
import { collapseSlashes, dropTrailingSlashes, splitRequestUrl } from "../url_paths.ts";
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
  /** Handles `POST` to the function itself. It does what a route does, without the router's cost. */
  post?: (call: Call) => Promise<Response>;
  /**
   * Creates the body of an error response; InsForge's flat shape unless given. `path` is the path
   * below the function, such as `/models`.
   */
  toErrorBody?: (error: ApiError, path: string) => Record<string, unknown>;
  /**
   * Whether the function writes its prompts itself, and passes on nothing that a caller wrote but texts
   * of the user. Otherwise it cannot call models without an assistant when `ASSISTANTS_ONLY` is set.
   */
  ownPrompts?: boolean;
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
  const { post, toErrorBody: toBody = toErrorBody, ownPrompts } = options;
  const app: App = new Hono({ getPath: ({ url }) => toRoutePath(slug, url) });

  if (post) app.post("/", ({ env }) => post(env));
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

  function respond(call: ActiveCall): Response | Promise<Response> {
    const { method, url } = call.request;
    if (method === "OPTIONS") return new Response(null, { status: 204 });
    call.settings.ALLOWED_ORIGINS; // if it is invalid, no browser could read a paid response
    const isPost = post && method === "POST" && toRoutePath(slug, url) === "/";
    return isPost ? post(call) : app.fetch(call.request, call);
  }

  async function handler(request: Request, environment?: Environment): Promise<Response> {
    // Platforms may pass a second argument of their own.
    const isOurs = typeof environment?.get === "function";
    const own = isOurs ? environment : undefined;
    const call = new ActiveCall(slug, request, { environment: own, ownPrompts });
    try {
      let response: Response;
      try {
        response = requireResponse(await respond(call));
      } catch (thrown) {
        const path = toRoutePath(slug, request.url);
        response = renderError(call.fail(thrown), (error) => toBody(error, path));
      }
      return await call.deliver(complete(await call.keepOpen(response), call, app));
    } catch (bug) {
      // Neither rendering an error nor reading a route's own body may throw, but both may have bugs.
      const response = renderError(call.fail(bug), toErrorBody);
      return await call.deliver(complete(await call.keepOpen(response), call, app));
    }
  }

  return { app, handler: Object.assign(handler, { routes: app.routes }) };
}

/** The path below the function: `/v1/models`, `/models` and `/v1?route=models` are all `/models`. */
function toRoutePath(slug: string, url: string): string {
  const { path, query } = splitRequestUrl(url);
  const own = `/${slug}`;
  if (path === own && query === "") return "/";
  const full = collapseSlashes(path);
  const isNamed = full === own || full.startsWith(`${own}/`);
  const below = dropTrailingSlashes(isNamed ? full.slice(own.length) : full);
  return below || "/" + (new URLSearchParams(query).get("route") ?? "").replace(/^\/+/, "");
}

function listMethods(app: App): string[] {
  return [...new Set(app.routes.map(({ method }) => method))];
}

function requireResponse(response: unknown): Response {
  const isSendable = response instanceof Response && response.status !== 0 && !response.bodyUsed;
  if (isSendable) return response;
  throw new TypeError("A route must return a Response with a status and an unread body");
}

function renderError(
  error: ApiError,
  toBody: (error: ApiError) => Record<string, unknown>,
): Response {
  const headers = new Headers();
  const { retryAfterSeconds: seconds } = error;
  const retryAfter = seconds !== undefined && seconds >= 0 && Number.isFinite(seconds)
    ? { "Retry-After": String(Math.ceil(seconds)) }
    : undefined;
  for (const [name, value] of Object.entries({ ...error.headers, ...retryAfter })) {
    if (/^[\t\x20-\x7e]*$/.test(value)) headers.set(name, value);
  }
  return Response.json(toBody(error), { status: error.status, headers });
}

/** The same response with the headers that every response has. */
function complete(response: Response, call: ActiveCall, app: App): Response {
  try {
    setCommonHeaders(response.headers, call, app);
    return response;
  } catch {
    // The headers of some responses cannot be changed, such as those that `fetch` returned.
    const copy = new Response(response.body, response);
    setCommonHeaders(copy.headers, call, app);
    return copy;
  }
}

function setCommonHeaders(headers: Headers, call: ActiveCall, app: App): void {
  headers.set("X-Request-Id", call.requestId);
  const { generation_id: id } = call.log;
  // Gateways choose the form of their ids, and not every text can be a header.
  if (typeof id === "string" && /^[\x21-\x7e]+$/.test(id)) headers.set("X-Generation-Id", id);
  setCorsHeaders(headers, call, () => listMethods(app));
}
