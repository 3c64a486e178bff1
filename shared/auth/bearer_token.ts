/** The bearer token of a request. */

/**
 * Finds the token in the `Authorization` header.
 *
 * @returns nothing when the header is missing or has another scheme.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function findBearerToken(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
}
