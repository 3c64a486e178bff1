/** `/functions/<slug>`: hands requests to the functions as InsForge's own proxy does. */

import { Hono } from "hono";
import type { RequestBody } from "./body.ts";

/** Runs the function `slug`; `request` is already what the proxy makes of the caller's. */
export type FunctionRunner = (slug: string, request: Request) => Promise<Response>;

const DROPPED_HEADERS = ["transfer-encoding", "content-length", "connection", "content-encoding"];

/**
 * The proxy route: no check of the caller, one path segment, the body re-serialised as JSON, and the
 * whole answer read before any of it is sent on, so that nothing streams here.
 */
export function createFunctionProxy(run: FunctionRunner): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  routes.all("/:slug", async (context) => {
    const { raw, method } = context.req;
    const headers = new Headers(raw.headers);
    headers.delete("content-length");
    const body = method === "GET" || method === "HEAD"
      ? undefined
      : JSON.stringify(context.var.body);
    try {
      const answer = await run(
        context.req.param("slug"),
        new Request(raw.url, { method, headers, body }),
      );
      const bytes = await answer.arrayBuffer();
      const kept = new Headers(answer.headers);
      for (const name of DROPPED_HEADERS) kept.delete(name);
      kept.set("access-control-allow-origin", "*");
      const empty = bytes.byteLength === 0;
      return new Response(empty ? null : bytes, { status: answer.status, headers: kept });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return context.json({ error: message }, 502);
    }
  });

  return routes;
}
