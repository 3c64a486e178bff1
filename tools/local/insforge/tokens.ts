/** Access tokens (RS256, 15 minutes), refresh tokens (HS256, 7 days) and their CSRF values. */

import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import * as jose from "jose";
import type { Keys } from "./keys.ts";
import { Refusal } from "./refusal.ts";

const ACCESS_TOKEN_SECONDS = 15 * 60;

/** The lifetime of a refresh token and of its cookie. */
export const REFRESH_TOKEN_SECONDS = 7 * 24 * 60 * 60;

/** The verified claims of a bearer token. */
export interface AccessClaims {
  sub: string;
  email?: string;
  role: string;
}

/** The claims of a refresh token. The nonce binds CSRF values to the session and survives rotation. */
export interface RefreshClaims {
  sub: string;
  csrfNonce: string;
}

/** Signs and verifies the tokens of one project. */
export interface Tokens {
  signAccess(user: { id: string; email: string }): Promise<string>;
  /** @throws {Refusal} 401 `AUTH_UNAUTHORIZED` for a token that this project does not trust */
  verifyAccess(token: string): Promise<AccessClaims>;
  signRefresh(userId: string, csrfNonce?: string): Promise<{ token: string; csrfToken: string }>;
  /** @throws {Refusal} 401 `AUTH_UNAUTHORIZED` */
  verifyRefresh(token: string): Promise<RefreshClaims>;
  /** @throws {Refusal} 403 `FORBIDDEN` when `csrfToken` does not belong to the session */
  verifyCsrf(csrfToken: string | undefined, claims: RefreshClaims): void;
  /** The public key set, as `/.well-known/jwks.json` returns it. */
  jwks: { keys: jose.JWK[] };
}

/** Creates the functions that sign and verify tokens with `keys`. */
export async function createTokens(keys: Keys): Promise<Tokens> {
  const secret = new TextEncoder().encode(keys.secret);
  const privateKey = await jose.importPKCS8(keys.privateKey, "RS256");
  const publicKey = await jose.importSPKI(keys.publicKey, "RS256", { extractable: true });
  const { kty, n, e } = await jose.exportJWK(publicKey);

  function csrfToken({ sub, csrfNonce }: RefreshClaims): string {
    return createHmac("sha256", secret).update(`insforge:csrf:v1:user:${sub}:${csrfNonce}`)
      .digest("hex");
  }

  return {
    jwks: { keys: [{ kty, n, e, alg: "RS256", use: "sig", kid: keys.keyId }] },

    signAccess: ({ id, email }) =>
      new jose.SignJWT({ email, role: "authenticated", ...lifetimeOf(ACCESS_TOKEN_SECONDS) })
        .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: keys.keyId })
        .setSubject(id).sign(privateKey),

    // InsForge trusts its secret as well as its key pair and checks no other claim, so a refresh token
    // passes here. A function that verifies tokens itself must refuse it.
    verifyAccess: async (token) => {
      try {
        const header = jose.decodeProtectedHeader(token);
        const { payload } = header.alg === "RS256" && header.kid === keys.keyId
          ? await jose.jwtVerify(token, publicKey, { algorithms: ["RS256"] })
          : await jose.jwtVerify(token, secret, { algorithms: ["HS256"] });
        if (!payload.sub) throw new Refusal(401, "AUTH_UNAUTHORIZED", "Invalid token subject");
        return {
          sub: payload.sub,
          email: payload.email as string | undefined,
          role: (payload.role as string | undefined) || "authenticated",
        };
      } catch (error) {
        if (error instanceof Refusal) throw error;
        throw new Refusal(401, "AUTH_UNAUTHORIZED", "Invalid token");
      }
    },

    signRefresh: async (userId, csrfNonce = randomBytes(32).toString("base64url")) => {
      const claims = { sub: userId, csrfNonce };
      const token = await new jose.SignJWT({
        ...claims,
        type: "refresh",
        iss: "insforge",
        sessionType: "user",
        ...lifetimeOf(REFRESH_TOKEN_SECONDS),
      })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
      return { token, csrfToken: csrfToken(claims) };
    },

    verifyRefresh: async (token) => {
      const options = { algorithms: ["HS256"], issuer: "insforge" };
      const verified = await jose.jwtVerify(token, secret, options).catch(() => undefined);
      const { type, sub, csrfNonce } = verified?.payload ?? {};
      if (type !== "refresh" || !sub || typeof csrfNonce !== "string") {
        throw new Refusal(401, "AUTH_UNAUTHORIZED", "Invalid or expired refresh token");
      }
      return { sub, csrfNonce };
    },

    verifyCsrf: (given, claims) => {
      const [left, right] = [Buffer.from(given ?? ""), Buffer.from(csrfToken(claims))];
      if (left.length !== right.length || !timingSafeEqual(left, right)) {
        throw new Refusal(403, "FORBIDDEN", "Invalid CSRF token");
      }
    },
  };
}

/** Reads the clock once. jose reads it twice, and the second may change in between. */
function lifetimeOf(seconds: number): { iat: number; exp: number } {
  const iat = Math.floor(Date.now() / 1_000);
  return { iat, exp: iat + seconds };
}
