/** The cookie that carries a browser's refresh token. */

import { REFRESH_TOKEN_SECONDS } from "./tokens.ts";

const NAME = "insforge_refresh_token";
const ATTRIBUTES = "HttpOnly; Secure; SameSite=None";

/** Returns the refresh token in the cookies of a request. */
export function readRefreshCookie(request: Request): string | undefined {
  const cookies = request.headers.get("cookie")?.split(";") ?? [];
  return cookies.map((cookie) => cookie.trim().split("="))
    .find(([name]) => name === NAME)?.slice(1).join("=") || undefined;
}

/** Returns the value of `Set-Cookie` that stores `token`. */
export function refreshCookie(token: string): string {
  const expires = new Date(Date.now() + REFRESH_TOKEN_SECONDS * 1000).toUTCString();
  return `${NAME}=${token}; Max-Age=${REFRESH_TOKEN_SECONDS}; Path=/api/auth; Expires=${expires}; ${ATTRIBUTES}`;
}

/** The value of `Set-Cookie` that deletes the token. */
export const CLEARED_REFRESH_COOKIE = `${NAME}=; Path=/api/auth; Expires=${
  new Date(0).toUTCString()
}; ${ATTRIBUTES}`;
