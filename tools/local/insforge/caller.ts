/** Who sent a request. The form of the credential decides; an invalid one is never ignored. */

import type { Identity } from "./database.ts";
import { CHECK_ADMIN_TOKEN, CHECK_API_KEY, CHECK_TOKEN, Refusal } from "./refusal.ts";
import type { AccessClaims, Tokens } from "./tokens.ts";

/** Recognises callers by the three kinds of credential that InsForge has. */
export interface Callers {
  /**
   * Returns the identity behind a user token, the anon key or the API key.
   *
   * @throws {Refusal} 401 when the credential is missing or invalid
   */
  requireCaller(request: Request): Promise<Identity>;
  /** @throws {Refusal} 401 when the administrator's credential is missing or invalid, 403 for a user */
  requireAdmin(request: Request): Promise<void>;
  /** Returns the claims of a bearer token. Keys are refused. @throws {Refusal} 401 */
  requireToken(request: Request): Promise<AccessClaims>;
}

/** Recognises tokens and keys of one project. */
export function createCallers(
  { tokens, anonKey, apiKey }: { tokens: Tokens; anonKey: string; apiKey: string },
): Callers {
  function checkApiKey(given: string): void {
    if (given !== apiKey) {
      throw new Refusal(401, "AUTH_INVALID_API_KEY", "Invalid API key", CHECK_API_KEY);
    }
  }

  async function requireToken(request: Request): Promise<AccessClaims> {
    const token = bearer(request);
    if (!token) {
      throw new Refusal(401, "AUTH_INVALID_CREDENTIALS", "No token provided", CHECK_TOKEN);
    }
    return await tokens.verifyAccess(token);
  }

  return {
    requireToken,

    requireCaller: async (request) => {
      const key = apiKeyOf(request);
      if (key !== undefined) {
        checkApiKey(key);
        return { role: "project_admin" };
      }
      if (bearer(request)?.startsWith("anon_")) {
        if (bearer(request) === anonKey) return { role: "anon" };
        throw new Refusal(401, "AUTH_INVALID_CREDENTIALS", "Invalid anon key", CHECK_TOKEN);
      }
      return toIdentity(await requireToken(request));
    },

    requireAdmin: async (request) => {
      const key = apiKeyOf(request);
      if (key !== undefined) return checkApiKey(key);
      const token = bearer(request);
      if (!token) {
        throw new Refusal(401, "AUTH_INVALID_CREDENTIALS", "No admin token provided", CHECK_TOKEN);
      }
      const { role } = await tokens.verifyAccess(token);
      if (role !== "project_admin") {
        throw new Refusal(403, "AUTH_UNAUTHORIZED", "Admin access required", CHECK_ADMIN_TOKEN);
      }
    },
  };
}

function toIdentity({ sub, email, role }: AccessClaims): Identity {
  switch (role) {
    case "authenticated":
      return { role, sub, email };
    case "anon":
    case "project_admin":
      // Only users own rows. The subject of the others is a label and not a UUID.
      return { role };
    default:
      throw new Refusal(403, "AUTH_UNAUTHORIZED", "Invalid user role claim");
  }
}

function bearer(request: Request): string | undefined {
  const header = request.headers.get("authorization");
  return header?.startsWith("Bearer ") ? header.slice("Bearer ".length) : undefined;
}

function apiKeyOf(request: Request): string | undefined {
  const token = bearer(request);
  if (token?.startsWith("ik_")) return token;
  return request.headers.get("x-api-key") || undefined;
}
