/** The token of a request. */

const SCHEME = "bearer ";

/**
 * Finds the token in the `Authorization` header. The scheme may be in any letter case.
 *
 * @returns nothing when the header is missing, has another scheme or is malformed.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function findBearerToken(headers: Headers): string | undefined {
  const header = headers.get("Authorization");
  if (header?.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  return toToken(header.slice(SCHEME.length));
}

/**
 * Finds the token in the `X-API-Key` header.
 *
 * @returns nothing when the header is missing or malformed.
 */
export function findApiKeyToken(headers: Headers): string | undefined {
  return toToken(headers.get("X-API-Key") ?? "");
}

function toToken(text: string): string | undefined {
  const token = text.trim();
  return token === "" || /\s/.test(token) ? undefined : token;
}
