/** Keys that users gave to apps by OAuth: asked for with a code, good for inference, deletable. */
import { createHash } from "node:crypto";
import { Refusal } from "./refusal.ts";

/** What an app asked the user for. */
export interface Grant {
  challenge?: string;
  method?: string;
}

/** Codes and keys of one simulated OpenRouter. */
export interface OAuthKeys {
  /** A code for a user's consent; good once, and for ten minutes. */
  createCode(grant: Grant): string;
  /**
   * Turns a code into a new key.
   *
   * @throws {Refusal} 400 for another method than was announced, 403 for a wrong code or verifier.
   */
  exchange(code: unknown, verifier: unknown, method: unknown): string;
  /** Whether a key that was made here is still good; nothing for any other. */
  isGood(key: string): boolean | undefined;
  /** The key of this SHA-256 in hexadecimal, as long as it is not deleted. */
  find(hash: string): string | undefined;
  delete(key: string): void;
}

/** The account of all keys that were not made here. */
export const PROJECT = "project";

const CODE_MS = 10 * 60_000;
const VERIFIER = /^[\w.~-]{43,128}$/;

/** Creates an empty set. */
export function createOAuthKeys(now: () => number): OAuthKeys {
  const codes = new Map<string, Grant & { expiresAt: number }>();
  /** Whether each is still good. */
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

/** A key as its owner sees it in lists. */
export function toLabel(key: string): string {
  return `${key.slice(0, 12)}...${key.slice(-3)}`;
}

/** Whether the verifier is the one behind the challenge: base64url without padding, nothing else. */
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
