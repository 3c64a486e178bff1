/** Keys that users gave to apps by OAuth. A code is exchanged for a key, and users can delete it. */
import { createHash } from "node:crypto";
import { Refusal } from "./refusal.ts";

/** The request of an app. */
export interface Grant {
  challenge?: string;
  method?: string;
}

/** Codes and keys of one simulated OpenRouter. */
export interface OAuthKeys {
  /** Creates a code after the user's consent. It works once, for ten minutes. */
  createCode(grant: Grant): string;
  /**
   * Exchanges a code for a new key.
   *
   * @throws {Refusal} 400 for a different challenge method, 403 for an invalid code or verifier.
   */
  exchange(code: unknown, verifier: unknown, method: unknown): string;
  /** Whether a key issued here is still valid; undefined for all other keys. */
  isGood(key: string): boolean | undefined;
  /** Finds a valid key by its SHA-256 in hexadecimal. */
  find(hash: string): string | undefined;
  delete(key: string): void;
}

/** The account of all keys that were not issued here. */
export const PROJECT = "project";

const CODE_MS = 10 * 60_000;
const VERIFIER = /^[\w.~-]{43,128}$/;

/** Creates an empty set. */
export function createOAuthKeys(now: () => number): OAuthKeys {
  const codes = new Map<string, Grant & { expiresAt: number }>();
  /** Whether each key is still valid. */
  const keys = new Map<string, boolean>();
  return {
    createCode(grant) {
      const code = `auth_code_${crypto.randomUUID().replaceAll("-", "")}`;
      codes.set(code, { ...grant, expiresAt: now() + CODE_MS });
      return code;
    },
    exchange(code, verifier, method) {
      const grant = codes.get(String(code));
      if (!grant) throw new Refusal(403, "Invalid code or code_verifier");
      if (grant.expiresAt <= now()) throw new Refusal(403, "Authorization code expired");
      if (grant.challenge !== undefined) {
        if (method !== grant.method) throw new Refusal(400, "Invalid code_challenge_method");
        if (typeof verifier !== "string" || !proves(verifier, grant)) {
          throw new Refusal(403, "Invalid code or code_verifier");
        }
      }
      codes.delete(String(code));
      const key = `sk-or-v1-${toHash(crypto.randomUUID())}`;
      keys.set(key, true);
      return key;
    },
    isGood: (key) => keys.get(key),
    find: (hash) => [...keys.keys()].find((key) => keys.get(key) && toHash(key) === hash),
    delete: (key) => void keys.set(key, false),
  };
}

/** Returns the label of a key in lists. */
export function toLabel(key: string): string {
  return `${key.slice(0, 12)}...${key.slice(-3)}`;
}

/** Whether the verifier matches the challenge, which is base64url without padding. */
function proves(verifier: string, { challenge, method }: Grant): boolean {
  if (!VERIFIER.test(verifier)) return false;
  const expected = method === "S256"
    ? createHash("sha256").update(verifier).digest("base64url")
    : verifier;
  return expected === challenge;
}

function toHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
