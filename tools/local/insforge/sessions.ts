/** Sessions under `/api/auth`: sign in, refresh, sign out, current user. */

import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { emailField } from "./account_fields.ts";
import type { Accounts, User } from "./accounts.ts";
import { parseBody, type RequestBody } from "./body.ts";
import type { Callers } from "./caller.ts";
import { CLEARED_REFRESH_COOKIE, readRefreshCookie, refreshCookie } from "./refresh_cookie.ts";
import { Refusal } from "./refusal.ts";
import type { Tokens } from "./tokens.ts";

const SignIn = z.object({ email: emailField, password: z.string() });
const METHODS = ["password", "otp"];
const Refresh = z.object({
  refreshToken: z.string().check(z.minLength(1, "refreshToken is required")),
});

/** The tokens of a session. */
export interface SessionTokens {
  accessToken: string;
  /** For browsers, which keep the refresh token in a cookie. */
  csrfToken?: string;
  /** For all other clients. */
  refreshToken?: string;
}

/** Starts sessions of authenticated users. */
export interface Sessions {
  /** Returns the tokens of a new session. A browser gets the refresh token as a cookie. */
  start(context: Context, user: User, csrfNonce?: string): Promise<SessionTokens>;
  routes: Hono<RequestBody>;
}

/** Creates the routes that start, renew and end sessions. */
export function createSessions(
  { accounts, tokens, callers }: { accounts: Accounts; tokens: Tokens; callers: Callers },
): Sessions {
  const routes = new Hono<RequestBody>();

  async function start(
    context: Context,
    user: User,
    csrfNonce?: string,
  ): Promise<SessionTokens> {
    const accessToken = await tokens.signAccess(user);
    const { token, csrfToken } = await tokens.signRefresh(user.id, csrfNonce);
    if (!isBrowser(context)) return { accessToken, refreshToken: token };
    context.header("Set-Cookie", refreshCookie(token));
    return { accessToken, csrfToken };
  }

  routes.post("/sessions", async (context) => {
    requireMethod(context.var.body);
    const { email, password } = parseBody(SignIn, context.var.body);
    const user = await accounts.signIn(email, password);
    return context.json({ user, ...await start(context, user) });
  });

  routes.get("/sessions/current", async (context) => {
    const { sub, role } = await callers.requireToken(context.req.raw);
    if (role !== "authenticated") {
      throw new Refusal(401, "AUTH_INVALID_CREDENTIALS", "User not authenticated");
    }
    const user = await accounts.find(sub);
    if (!user) throw new Refusal(401, "AUTH_INVALID_CREDENTIALS", "User not found");
    return context.json({ user });
  });

  routes.post("/refresh", async (context) => {
    try {
      const claims = await tokens.verifyRefresh(readRefreshToken(context));
      if (isBrowser(context)) tokens.verifyCsrf(context.req.header("x-csrf-token"), claims);
      const user = await accounts.find(claims.sub);
      if (!user) throw new Refusal(401, "AUTH_UNAUTHORIZED", "User not found");
      return context.json({ user, ...await start(context, user, claims.csrfNonce) });
    } catch (error) {
      if (!(error instanceof Refusal && error.statusCode === 401 && isBrowser(context))) {
        throw error;
      }
      const response = error.toResponse();
      response.headers.append("Set-Cookie", CLEARED_REFRESH_COOKIE);
      return response;
    }
  });

  routes.post("/logout", async (context) => {
    if (isBrowser(context)) {
      const claims = await tokens.verifyRefresh(readRefreshCookie(context.req.raw) ?? "")
        .catch(() => undefined);
      // An expired token needs no CSRF value to be deleted.
      if (claims) tokens.verifyCsrf(context.req.header("x-csrf-token"), claims);
      context.header("Set-Cookie", CLEARED_REFRESH_COOKIE);
    }
    return context.json({ success: true, message: "Logged out successfully" });
  });

  return { start, routes };
}

/** @throws {Refusal} 400 for an unknown method, 401 for a one-time code, which is never sent here */
function requireMethod(body: unknown): void {
  const { method } = body as Record<string, unknown>;
  if (method === undefined || method === null || method === "password") return;
  if (method === "otp") throw new Refusal(401, "AUTH_UNAUTHORIZED", "Invalid or expired code");
  const expected = METHODS.map((name) => `'${name}'`).join(" | ");
  const message = `method: Invalid discriminator value. Expected ${expected}`;
  throw new Refusal(400, "INVALID_INPUT", message);
}

/** The query parameter `client_type` names the kind of client. Without it, it is a browser. */
function isBrowser(context: Context): boolean {
  return !["mobile", "desktop", "server"].includes(context.req.query("client_type") ?? "");
}

function readRefreshToken(context: Context<RequestBody>): string {
  if (!isBrowser(context)) {
    const { refreshToken, refresh_token } = context.var.body as Record<string, unknown>;
    return parseBody(Refresh, { refreshToken: refreshToken ?? refresh_token }).refreshToken;
  }
  const token = readRefreshCookie(context.req.raw);
  if (!token) throw new Refusal(401, "AUTH_UNAUTHORIZED", "No refresh token provided");
  return token;
}
