/** From a platform's request to a function's route, and from any outcome to a response. */
import { ApiError, toErrorBody } from "../errors.ts";
import type { Environment } from "../settings.ts";
import { collapseSlashes, dropTrailingSlashes, splitRequestUrl } from "../url_paths.ts";
import { ActiveCall, type Call } from "./call.ts";
import { setCorsHeaders } from "./cors.ts";

/** A method and a path below a function. */
export interface Route {
  /** In capital letters. */
  method: string;
  /** Such as `/models/:id`; `/` is the function itself. */
  path: string;
}

/** What an edge function exports. The platform calls it with the request alone. */
export interface EdgeFunction {
  (request: Request, environment?: Environment): Promise<Response>;
  /** The routes of the function, for tools and tests; no platform reads them. */
  routes: Route[];
}

/** What may differ from one function to another. */
export interface HandlerOptions {
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

/** Finds and runs the route of a request. */
export interface Router {
  /** The routes. Some may be added after the handler was created. */
  routes: Route[];
  /** Handles a request of any method but `OPTIONS`; what it throws becomes the response. */
  respond(call: Call): Response | Promise<Response>;
}

/**
 * Creates the handler of a function, which does what `createApp` describes.
 *
 * @param slug the name of the function's folder.
 */
export function createHandler(
  slug: string,
  { routes, respond }: Router,
  { toErrorBody: toBody = toErrorBody, ownPrompts }: HandlerOptions = {},
): EdgeFunction {
  function route(call: ActiveCall): Response | Promise<Response> {
    if (call.request.method === "OPTIONS") return new Response(null, { status: 204 });
    call.settings.ALLOWED_ORIGINS; // if it is invalid, no browser could read a paid response
    return respond(call);
  }

  async function handler(request: Request, environment?: Environment): Promise<Response> {
    // Platforms may pass a second argument of their own.
    const isOurs = typeof environment?.get === "function";
    const own = isOurs ? environment : undefined;
    const call = new ActiveCall(slug, request, { environment: own, ownPrompts });
    try {
      let response: Response;
      try {
        response = requireResponse(await route(call));
      } catch (thrown) {
        const path = toRoutePath(slug, request.url);
        response = renderError(call.fail(thrown), (error) => toBody(error, path));
      }
      return await call.deliver(complete(await call.keepOpen(response), call, routes));
    } catch (bug) {
      // Neither rendering an error nor reading a route's own body may throw, but both may have bugs.
      const response = renderError(call.fail(bug), toErrorBody);
      return await call.deliver(complete(await call.keepOpen(response), call, routes));
    }
  }

  return Object.assign(handler, { routes });
}

/**
 * Creates the handler of a function whose only route is `POST` to the function itself. It needs no
 * router; to load one takes a fiftieth of a cold start.
 */
export function createPostHandler(
  slug: string,
  post: (call: Call) => Promise<Response>,
  options: HandlerOptions = {},
): EdgeFunction {
  const routes = [{ method: "POST", path: "/" }];
  function respond(call: Call): Promise<Response> {
    const { method, url } = call.request;
    const path = toRoutePath(slug, url);
    if (path === "/" && method === "POST") return post(call);
    throw noRoute(slug, { method, path, methods: path === "/" ? ["POST"] : [] });
  }
  return createHandler(slug, { routes, respond }, options);
}

/**
 * Creates the error for a request without a route.
 *
 * @param methods what the path accepts; nothing when there is no such path.
 * @returns 404 `NOT_FOUND`, or 405 `INVALID_INPUT` with `Allow`.
 */
export function noRoute(
  slug: string,
  { method, path, methods }: Route & { methods: string[] },
): ApiError {
  if (methods.length === 0) {
    return new ApiError(404, "NOT_FOUND", `The function "${slug}" has no path ${path}`);
  }
  const allow = [...methods, "OPTIONS"].join(", ");
  return new ApiError(405, "INVALID_INPUT", `${method} is not allowed here; use ${allow}`, {
    headers: { Allow: allow },
  });
}

/** Lists the methods of routes, each once. */
export function listMethods(routes: Route[]): string[] {
  return [...new Set(routes.map(({ method }) => method))];
}

/** Returns the path below the function: `/v1/models`, `/models` and `/v1?route=models` are all `/models`. */
export function toRoutePath(slug: string, url: string): string {
  const { path, query } = splitRequestUrl(url);
  const own = `/${slug}`;
  if (path === own && query === "") return "/";
  const full = collapseSlashes(path);
  const isNamed = full === own || full.startsWith(`${own}/`);
  const below = dropTrailingSlashes(isNamed ? full.slice(own.length) : full);
  return below || "/" + (new URLSearchParams(query).get("route") ?? "").replace(/^\/+/, "");
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
function complete(response: Response, call: ActiveCall, routes: Route[]): Response {
  try {
    setCommonHeaders(response.headers, call, routes);
    return response;
  } catch {
    // The headers of some responses cannot be changed, such as those that `fetch` returned.
    const copy = new Response(response.body, response);
    setCommonHeaders(copy.headers, call, routes);
    return copy;
  }
}

function setCommonHeaders(headers: Headers, call: ActiveCall, routes: Route[]): void {
  headers.set("X-Request-Id", call.requestId);
  const { generation_id: id } = call.log;
  // Gateways choose the form of their ids, and not every text can be a header.
  if (typeof id === "string" && /^[\x21-\x7e]+$/.test(id)) headers.set("X-Generation-Id", id);
  setCorsHeaders(headers, call, () => listMethods(routes));
}
