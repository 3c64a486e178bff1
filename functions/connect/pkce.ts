/** Proof Key for Code Exchange, method S256. https://www.rfc-editor.org/rfc/rfc7636 */
import { base64url } from "jose";

/** The only method in use; `plain` would put the verifier into the URL. */
export const CODE_CHALLENGE_METHOD = "S256";

/** Creates a code verifier of 43 characters from 256 random bits. */
export function createVerifier(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
}

/** The code challenge of a verifier: the base64url of its SHA-256, unpadded. */
export async function toChallenge(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url.encode(new Uint8Array(digest));
}
