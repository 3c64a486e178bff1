/** Routes whose module is loaded by their first request, so that a cold start for another is short. */
import type { Context } from "hono";
import { requireUser, type User } from "../../shared/auth/user_token.ts";
import type { Call } from "../../shared/http/call.ts";

/** A request whose caller is known. */
export interface Known {
  call: Call;
  /** The caller, who pays. */
  user: User;
  /** A parameter of the route's path. */
  param(name: string): string;
}

type Route = (known: Known) => Response | Promise<Response>;

/** Clients of PinMe and Anthropic send their key as `X-API-Key`. */
export const CREDENTIAL = { acceptsApiKeyHeader: true };

/**
 * Creates a route that checks the credential, loads a module, and calls one of its functions.
 *
 * @param name the name of the function in the module.
 */
export function late<Name extends string>(
  load: () => Promise<Record<Name, Route>>,
  name: Name,
): (context: Context<{ Bindings: Call }>) => Promise<Response> {
  return async ({ env: call, req }) => {
    const user = await requireUser(call, CREDENTIAL);
    const routes = await load();
    return await routes[name]({ call, user, param: (name) => req.param(name)! });
  };
}
