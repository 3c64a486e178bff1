/** Functions with several routes. */
import { Hono } from "hono/tiny";
import type { Call } from "./call.ts";
import {
  createHandler,
  type EdgeFunction,
  type HandlerOptions,
  listMethods,
  noRoute,
  toRoutePath,
} from "./handler.ts";

/** A function's routes. Their paths are relative to the function; `/` is the function itself. */
export type App = Hono<{ Bindings: Call }>;

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
  options: HandlerOptions = {},
): { app: App; handler: EdgeFunction } {
  const app: App = new Hono({ getPath: ({ url }) => toRoutePath(slug, url) });

  app.notFound(({ req: { method, path } }) => {
    const methods = listMethods(app.routes).filter((method) =>
      app.router.match(method, path)[0].length > 0
    );
    throw noRoute(slug, { method, path, methods });
  });
  // Errors are rendered by the handler, because hono passes only instances of Error to this one.
  app.onError((thrown) => {
    throw thrown;
  });

  const { routes } = app;
  const respond = (call: Call) => app.fetch(call.request, call);
  return { app, handler: createHandler(slug, { routes, respond }, options) };
}
