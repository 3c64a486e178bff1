/** The public key set, for whoever checks access tokens without asking. */

import { Hono } from "hono";
import type { RequestBody } from "./body.ts";
import type { Tokens } from "./tokens.ts";

/** The key set at both places InsForge has it. */
export function createJwksRoutes({ jwks }: Tokens): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();
  for (const path of ["/.well-known/jwks.json", "/api/.well-known/jwks.json"]) {
    routes.get(path, (context) => context.json(jwks));
  }
  return routes;
}
