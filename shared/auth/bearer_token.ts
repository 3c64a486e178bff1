/** The bearer token of a request. */

const SCHEME = "bearer ";

/**
 * Finds the token in the `Authorization` header. The scheme may be in any letter case.
 *
 * @returns nothing when the header is missing, has another scheme or is malformed.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function findBearerToken(request: Request): string | undefined {
  const header = request.headers.get("Authorization");
  if (header?.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  const token = header.slice(SCHEME.length).trim();
  return token === "" || /\s/.test(token) ? undefined : token;
}
