/** From the bearer token to a user, or 401; never anything in between. */
import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import type { CryptoKey, JWTPayload, ProtectedHeaderParameters } from "jose";
import type { Call } from "../http/call.ts";
import { ApiError, unauthorized } from "../errors.ts";
import { getUserId } from "../insforge/session.ts";
import type { Settings } from "../settings.ts";
import { findBearerToken } from "./bearer_token.ts";

/** The signed-in caller of a function. */
export interface User {
  /** The token's `sub`: a UUID for InsForge's own users, any text for third-party sign-in. */
  readonly id: string;
  /** The caller's access token, with which their rows are read. Secret. */
  readonly token: string;
}

const REMEMBERED_SECONDS = 60;
const REMEMBERED_TOKENS = 1_000;

/** Users of tokens checked a moment ago. It saves time only: nothing breaks when it is empty. */
const remembered = new Map<string, { user: User; trust: string; until: number }>();
const importedKeys = new Map<string, Promise<CryptoKey>>();

/**
 * Finds out who is calling.
 *
 * The token is verified here where the project's keys are among the settings (`JWT_PUBLIC_KEY` with
 * `JWT_KEY_ID` for RS256, `JWT_SECRET` for HS256), otherwise by asking InsForge. Either answer is
 * remembered for a minute and never past the token's `exp`, so a deleted user may pass that long;
 * with `AUTH_STRICT=true` InsForge is asked about every request.
 *
 * @param call the request; it learns the user's id.
 * @throws {ApiError} 401 `AUTH_INVALID_CREDENTIALS` without a token; 401 `AUTH_UNAUTHORIZED`, upon
 *   which InsForge's SDK refreshes the session, for a token that is expired, forged, a refresh token,
 *   an anon or API key or an administrator's; 502 `UPSTREAM_FAILURE` when InsForge has to be asked
 *   and does not answer.
 */
export async function requireUser(call: Call): Promise<User> {
  const user = await findUser(readToken(call.request), call.settings);
  call.userId = user.id;
  return user;
}

function readToken(request: Request): string {
  const token = findBearerToken(request);
  if (token === undefined) {
    throw new ApiError(401, "AUTH_INVALID_CREDENTIALS", "No token provided", {
      nextActions: "Send the signed-in user's access token as Authorization: Bearer <token>",
      headers: { "WWW-Authenticate": "Bearer" },
    });
  }
  return token;
}

async function findUser(token: string, settings: Settings): Promise<User> {
  const { JWT_PUBLIC_KEY = "", JWT_KEY_ID = "", JWT_SECRET = "", AUTH_STRICT } = settings;
  const trust = [
    JWT_PUBLIC_KEY,
    JWT_KEY_ID,
    JWT_SECRET,
    settings.INSFORGE_BASE_URL,
    settings.INSFORGE_INTERNAL_URL,
  ].join("\n");
  const known = AUTH_STRICT ? undefined : remembered.get(token);
  if (known?.trust === trust && Date.now() < known.until) return known.user;

  const { header, claims } = decode(token);
  const key = AUTH_STRICT ? undefined : await findKey(header, settings);
  if (key) await verify(token, key, header.alg!);
  const id = key ? claims.sub : await getUserId(token, settings);
  if (!isUserId(id)) throw unauthorized("not a user's token");

  const user = { id, token };
  const until = Math.min(Date.now() + REMEMBERED_SECONDS * 1_000, (claims.exp ?? Infinity) * 1_000);
  if (remembered.size >= REMEMBERED_TOKENS) remembered.delete(remembered.keys().next().value!);
  remembered.set(token, { user, trust, until });
  return user;
}

/** Text that a database takes, NUL and halves of characters excepted, of OpenID Connect's length. */
function isUserId(id: unknown): id is string {
  if (typeof id !== "string" || id === "" || id.length > 255) return false;
  return id.isWellFormed() && !id.includes("\0");
}

/** What the token says of itself; an anon or API key says nothing and ends here. */
function decode(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  let header: ProtectedHeaderParameters, claims: JWTPayload;
  try {
    [header, claims] = [decodeProtectedHeader(token), decodeJwt(token)];
  } catch (cause) {
    throw unauthorized(cause);
  }
  // InsForge itself takes a refresh token for an access token. No role means third-party sign-in.
  if (claims.type === "refresh" || (claims.role ?? "authenticated") !== "authenticated") {
    throw unauthorized("not a user's access token");
  }
  return { header, claims };
}

/** The project's key that such a token must be signed with, if it is among the settings. */
async function findKey(
  { alg, kid }: ProtectedHeaderParameters,
  { JWT_PUBLIC_KEY, JWT_KEY_ID, JWT_SECRET }: Settings,
): Promise<CryptoKey | Uint8Array | undefined> {
  if (alg === "HS256") return JWT_SECRET ? new TextEncoder().encode(JWT_SECRET) : undefined;
  if (alg !== "RS256") throw unauthorized(`alg ${alg}`);
  // Another key id may be a newer key than the one this deployment was given: InsForge knows.
  if (!JWT_PUBLIC_KEY || kid !== JWT_KEY_ID) return undefined;
  let key = importedKeys.get(JWT_PUBLIC_KEY);
  if (!key) {
    // Secrets are often pasted with their line ends escaped.
    key = importSPKI(JWT_PUBLIC_KEY.replaceAll("\\n", "\n"), "RS256").then(requireStrength);
    importedKeys.set(JWT_PUBLIC_KEY, key);
  }
  return await key.catch((cause) => {
    throw new ApiError(
      500,
      "INTERNAL_ERROR",
      "The setting JWT_PUBLIC_KEY must be a public key of 2048 bits or more in PEM form (SPKI)",
      { cause },
    );
  });
}

/** A weaker key verifies no token, and every user would be told to sign in again. */
function requireStrength(key: CryptoKey): CryptoKey {
  const { modulusLength } = key.algorithm as RsaHashedKeyAlgorithm;
  if (modulusLength < 2_048) throw new Error(`a key of ${modulusLength} bits`);
  return key;
}

async function verify(token: string, key: CryptoKey | Uint8Array, alg: string): Promise<void> {
  try {
    await jwtVerify(token, key, { algorithms: [alg] });
  } catch (cause) {
    throw unauthorized(cause);
  }
}
