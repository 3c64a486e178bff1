/** `/functions/<slug>`: forwards requests to the functions as InsForge's own proxy does. */

import { type Context, Hono } from "hono";
import type { RequestBody } from "./body.ts";

/** Runs the function `slug`. `request` is what the proxy makes of the caller's request. */
export type FunctionRunner = (slug: string, request: Request) => Promise<Response>;

const DROPPED_HEADERS = ["transfer-encoding", "content-length", "connection", "content-encoding"];

/**
 * Creates the proxy route. It checks no credential and accepts one path segment. It serialises the
 * request body again as JSON, and reads the whole response before it sends any of it, so that
 * nothing streams here.
 */
export function createFunctionProxy(run: FunctionRunner): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  async function forward(context: Context<RequestBody>, slug: string): Promise<Response> {
    const { raw, method } = context.req;
    const headers = new Headers(raw.headers);
    headers.delete("content-length");
    const body = method === "GET" || method === "HEAD"
      ? undefined
      : JSON.stringify(context.var.body);
    try {
      const response = await run(slug, new Request(raw.url, { method, headers, body }));
      const bytes = await response.arrayBuffer();
      const kept = new Headers(response.headers);
      for (const name of DROPPED_HEADERS) kept.delete(name);
      kept.set("access-control-allow-origin", "*");
      const isEmpty = bytes.byteLength === 0;
      return new Response(isEmpty ? null : bytes, { status: response.status, headers: kept });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return context.json({ error: message }, 502);
    }
  }

  routes.all("/:slug", (context) => forward(context, context.req.param("slug")));
  // InsForge's router, unlike Hono's, ignores a trailing slash.
  routes.all("/:slug/", (context) => forward(context, context.req.param("slug")));

  return routes;
}
