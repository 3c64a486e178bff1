/** Requested errors: an error status, or an error inside a 200. */
import type { Generation } from "./ledger.ts";
import { Refusal } from "./refusal.ts";
import type { Simulation } from "./simulation.ts";

/** The error object in a body, an event or a choice. */
export interface ErrorObject {
  code: number | string;
  message: string;
  metadata: Record<string, unknown>;
}

/** OpenRouter's usual message and error type for a status. */
const USUAL: Record<number, [message: string, errorType?: string]> = {
  400: ["Provider returned error", "invalid_request"],
  401: ["User not found.", "authentication"],
  402: ["Insufficient credits. Add more using https://openrouter.ai/credits", "payment_required"],
  403: ["The request was flagged by moderation", "content_policy_violation"],
  404: ["No endpoints found matching your data policy", "not_found"],
  408: ["Operation timed out. Please try again later.", "timeout"],
  412: ["Precondition failed", "precondition_failed"],
  413: ["Downloaded image content cannot exceed 30MB", "payload_too_large"],
  422: ["Unprocessable request", "unprocessable"],
  451: ["The request was refused for legal reasons", "content_policy_violation"],
  429: ["Rate limit exceeded", "rate_limit_exceeded"],
  500: ["Internal Server Error", "server"],
  502: ["Provider returned error", "provider_unavailable"],
  503: ["Provider overloaded", "provider_overloaded"],
  504: ["Provider timed out", "timeout"],
  524: ["Request timed out. Please try again later."],
  529: ["Provider returned error", "provider_overloaded"],
};

/** Creates the error that is sent after a 200: a 502 by default. */
export function createError(simulation: Simulation): ErrorObject {
  const { code = simulation.status ?? 502 } = simulation;
  const [message, error_type] = USUAL[Number(code)] ?? ["Provider returned error"];
  return {
    code,
    message: simulation.message ?? message,
    metadata: {
      error_type: simulation.error_type ?? error_type,
      provider_name: "Simulated",
      ...simulation.metadata,
    },
  };
}

/**
 * Throws the error that a request asked for, if it is due before the response starts.
 *
 * @param generation its id is part of an error inside a 200.
 * @param now epoch milliseconds.
 * @throws {Refusal} with the requested status, or with 200 for `fail: "body"`.
 */
export function requireNoFault(
  simulation: Simulation,
  { id, streamed }: Generation,
  now: number,
): void {
  const { status, fail, retry_after, rate_limit, body } = simulation;
  const error = createError(simulation);
  const { code, message, metadata } = error;
  if (status === undefined) {
    const failed = fail === "body" || (fail === "event" && !streamed);
    if (failed) throw new Refusal(200, message, { code, metadata, id });
    return;
  }
  const limits = {
    "X-RateLimit-Limit": "20",
    "X-RateLimit-Remaining": "0",
    "X-RateLimit-Reset": String(now + 60_000), // epoch milliseconds
  };
  const headers: Record<string, string> = rate_limit === "headers" ? limits : {};
  if (retry_after !== undefined) headers["Retry-After"] = String(retry_after);
  if (rate_limit === "metadata") metadata.headers = limits;
  throw new Refusal(status, message, { code, metadata, headers, raw: toRaw(body, error) });
}

/** Error bodies of proxies and old layers, which lack OpenRouter's envelope. */
function toRaw(
  kind: Simulation["body"],
  { code, message }: ErrorObject,
): { type: string; body: string } | undefined {
  switch (kind) {
    case "html": {
      const page = `<!DOCTYPE html><html><head><title>${code}</title></head>` +
        `<body><h1>Error ${code}</h1><p>${message}</p></body></html>`;
      return { type: "text/html; charset=UTF-8", body: page };
    }
    case "empty":
      return { type: "application/json", body: "" };
    case "string":
      return { type: "application/json", body: JSON.stringify({ error: message }) };
  }
}
