/** Which credentials `v1` accepts. */

/** Clients of PinMe and Anthropic send their key as `X-API-Key`. */
export const CREDENTIAL = { acceptsApiKeyHeader: true };
