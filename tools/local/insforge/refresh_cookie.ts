/** The cookie that carries a browser's refresh token. */

import { REFRESH_TOKEN_SECONDS } from "./tokens.ts";

const NAME = "insforge_refresh_token";
const ATTRIBUTES = "HttpOnly; Secure; SameSite=None";

/** The refresh token a browser sent along. */
export function readRefreshCookie(request: Request): string | undefined {
  const cookies = request.headers.get("cookie")?.split(";") ?? [];
  return cookies.map((cookie) => cookie.trim().split("="))
    .find(([name]) => name === NAME)?.slice(1).join("=") || undefined;
}

/** The value of `Set-Cookie` that keeps `token`. */
export function refreshCookie(token: string): string {
  const expires = new Date(Date.now() + REFRESH_TOKEN_SECONDS * 1000).toUTCString();
  return `${NAME}=${token}; Max-Age=${REFRESH_TOKEN_SECONDS}; Path=/api/auth; Expires=${expires}; ${ATTRIBUTES}`;
}

/** The value of `Set-Cookie` that takes the token away again. */
export const CLEARED_REFRESH_COOKIE = `${NAME}=; Path=/api/auth; Expires=${
  new Date(0).toUTCString()
}; ${ATTRIBUTES}`;
