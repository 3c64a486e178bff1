/** The public key set, with which access tokens can be verified without a call to InsForge. */

import { Hono } from "hono";
import type { RequestBody } from "./body.ts";
import type { Tokens } from "./tokens.ts";

/** Serves the key set at both of InsForge's paths. */
export function createJwksRoutes({ jwks }: Tokens): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();
  for (const path of ["/.well-known/jwks.json", "/api/.well-known/jwks.json"]) {
    routes.get(path, (context) => context.json(jwks));
  }
  return routes;
}
