/** The HTTP interface of the embedded InsForge: what all routes share, and their paths. */

import { Hono } from "hono";
import { readBody, type RequestBody } from "./body.ts";
import { cors } from "./cors.ts";
import { Refusal, toRefusal } from "./refusal.ts";
import { RestError } from "./rest/rest_error.ts";

/** Routes and the path below which they are served. */
export type Mount = [path: string, routes: Hono<RequestBody>];

/** Creates the gateway. A request that no route matches is a 404 `NOT_FOUND`. */
export function createGateway(mounts: Mount[]): Hono<RequestBody> {
  const gateway = new Hono<RequestBody>();

  gateway.use(cors);
  gateway.use(async (context, next) => {
    context.set("body", await readBody(context.req.raw));
    await next();
  });

  gateway.get("/api/health", (context) =>
    context.json({
      status: "ok",
      version: "2.3.1",
      service: "Insforge OSS Backend",
      timestamp: new Date().toISOString(),
    }));

  for (const [path, routes] of mounts) gateway.route(path, routes);

  gateway.notFound((context) => {
    const { pathname, search } = new URL(context.req.url);
    return new Refusal(
      404,
      "NOT_FOUND",
      `Endpoint ${pathname}${search} not found`,
      "Please check the API documentation for available endpoints",
    ).toResponse();
  });
  gateway.onError((error) => {
    const refused = error instanceof RestError ? error : toRefusal(error);
    return refused.toResponse();
  });
  return gateway;
}
