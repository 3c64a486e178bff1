/** Routes in modules that are loaded by their first request, so that other cold starts are short. */
import type { Context } from "hono";
import { requireUser, type User } from "../../shared/auth/user_token.ts";
import type { Call } from "../../shared/http/call.ts";

/** What a route receives once the credential of its request has been checked. */
export interface RouteContext {
  call: Call;
  /** The caller, who pays. */
  user: User;
  /** Returns a parameter of the route's path. */
  param(name: string): string;
}

type LateRoute = (context: RouteContext) => Response | Promise<Response>;

/** Clients of PinMe and Anthropic send their key as `X-API-Key`. */
export const CREDENTIAL = { acceptsApiKeyHeader: true };

/**
 * Creates a route that checks the credential, loads a module, and calls one of its functions.
 *
 * @param name the name of the function in the module.
 */
export function late<Name extends string>(
  load: () => Promise<Record<Name, LateRoute>>,
  name: Name,
): (context: Context<{ Bindings: Call }>) => Promise<Response> {
  return async ({ env: call, req }) => {
    const user = await requireUser(call, CREDENTIAL);
    const routes = await load();
    return await routes[name]({ call, user, param: (name) => req.param(name)! });
  };
}
