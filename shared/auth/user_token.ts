/** From a bearer token to a user, or an error. A request is never served as anybody else. */
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import type { JWTPayload, ProtectedHeaderParameters } from "jose";
import { ApiError, unauthorized } from "../errors.ts";
import type { Call } from "../http/call.ts";
import { getUserId } from "../insforge/session.ts";
import { perSettings, type Settings } from "../settings.ts";
import { findApiKeyToken, findBearerToken } from "./bearer_token.ts";
import { findVerificationKey } from "./verification_keys.ts";

/** The signed-in caller of a function. */
export interface User {
  /** The token's `sub`: a UUID for InsForge's own users, any text for third-party sign-in. */
  readonly id: string;
  /** The caller's access token, with which their rows are read. Secret. */
  readonly token: string;
}

/** A verified token, which is remembered for up to a minute. */
interface Verified {
  user: User;
  /** The settings that it was verified with. */
  trust: string;
  /** When it must be verified again, milliseconds since the epoch. */
  until: number;
}

const REMEMBERED_MS = 60_000;
const REMEMBERED_TOKENS = 1_000;
/** OpenID Connect's longest subject. */
const MAX_ID_LENGTH = 255;

/** It saves time only: nothing breaks when it is empty. */
const remembered = new Map<string, Verified>();

/**
 * Finds out which user is calling.
 *
 * The token is verified here when the project's keys are configured (`JWT_PUBLIC_KEY` with
 * `JWT_KEY_ID` for RS256, `JWT_SECRET` for HS256), otherwise by InsForge. The result is remembered for
 * a minute and never past the token's `exp`, so a deleted user may be served that long. With
 * `AUTH_STRICT=true` InsForge is also asked, on every request.
 *
 * @param call the request; its `userId` is set.
 * @param options.acceptsApiKeyHeader also accepts the token in `X-API-Key`, where clients of some AI
 *   providers send their key. The header is read only when there is no `Authorization` header. It
 *   must hold a user's token here, too: the project's API key is rejected as in any other place.
 * @returns the user's id and token.
 * @throws {ApiError} 401 `AUTH_INVALID_CREDENTIALS` when there is no token; 401 `AUTH_UNAUTHORIZED`,
 *   which makes InsForge's SDK refresh the session, when the token is expired, forged, a refresh
 *   token, an anon key, an API key or an administrator's; 502 `UPSTREAM_FAILURE` when InsForge is
 *   needed and does not respond.
 */
export async function requireUser(
  call: Call,
  { acceptsApiKeyHeader = false }: { acceptsApiKeyHeader?: boolean } = {},
): Promise<User> {
  const token = requireToken(call.request, acceptsApiKeyHeader);
  const { settings } = call;
  const user = findRememberedUser(token, settings) ?? await verifyUser(token, settings);
  call.userId = user.id;
  return user;
}

function requireToken({ headers }: Request, acceptsApiKeyHeader: boolean): string {
  const isInApiKey = acceptsApiKeyHeader && !headers.has("Authorization");
  const token = isInApiKey ? findApiKeyToken(headers) : findBearerToken(headers);
  if (token !== undefined) return token;
  throw new ApiError(401, "AUTH_INVALID_CREDENTIALS", "No token provided", {
    nextActions: "Send the signed-in user's access token as Authorization: Bearer <token>",
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

function findRememberedUser(token: string, settings: Settings): User | undefined {
  const known = settings.AUTH_STRICT ? undefined : remembered.get(token);
  return known?.trust === describeTrust(settings) && Date.now() < known.until
    ? known.user
    : undefined;
}

async function verifyUser(token: string, settings: Settings): Promise<User> {
  const isStrict = settings.AUTH_STRICT;
  const { header, claims } = decode(token);
  const key = await findVerificationKey(header, settings);
  if (key) await verify(token, key, header.alg!);
  const id = key && !isStrict ? claims.sub : await getUserId(token, settings);
  if (!isUserId(id)) throw unauthorized("not a user's token");

  const user = { id, token };
  const expiresAt = typeof claims.exp === "number" ? claims.exp * 1_000 : Infinity;
  const until = Math.min(Date.now() + REMEMBERED_MS, expiresAt);
  if (remembered.size >= REMEMBERED_TOKENS) remembered.delete(remembered.keys().next().value!);
  remembered.set(token, { user, trust: describeTrust(settings), until });
  return user;
}

/** The settings that decide whom to trust, as one text. A token verified with others does not count. */
const describeTrust = perSettings((settings) =>
  [
    settings.JWT_PUBLIC_KEY,
    settings.JWT_KEY_ID,
    settings.JWT_SECRET,
    settings.INSFORGE_BASE_URL,
    settings.INSFORGE_INTERNAL_URL,
  ].join("\n")
);

/** Text that a database accepts: without NUL and halves of characters. */
function isUserId(id: unknown): id is string {
  if (typeof id !== "string" || id === "" || id.length > MAX_ID_LENGTH) return false;
  return id.isWellFormed() && !id.includes("\0");
}

/** What the token claims about itself. Anon and API keys are not JWTs and are rejected here. */
function decode(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  let header: ProtectedHeaderParameters, claims: JWTPayload;
  try {
    [header, claims] = [decodeProtectedHeader(token), decodeJwt(token)];
  } catch (cause) {
    throw unauthorized(cause);
  }
  // InsForge itself accepts a refresh token as an access token. Third-party tokens have no role.
  if (claims.type === "refresh" || (claims.role ?? "authenticated") !== "authenticated") {
    throw unauthorized("not a user's access token");
  }
  return { header, claims };
}

async function verify(token: string, key: CryptoKey | Uint8Array, alg: string): Promise<void> {
  try {
    await jwtVerify(token, key, { algorithms: [alg] });
  } catch (cause) {
    throw unauthorized(cause);
  }
}
