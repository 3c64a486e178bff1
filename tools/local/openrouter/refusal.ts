/** Errors in OpenRouter's form: one envelope, without OpenAI's `type` and `param`. */

/** An error response. It is thrown anywhere and sent in one place. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;
  readonly details: RefusalDetails;

  constructor(status: number, message: string, details: RefusalDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** Optional parts of an error response. */
export interface RefusalDetails {
  /** `error.code` when it is not the status. */
  code?: number | string;
  metadata?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** A body in place of the envelope, with its content type. */
  raw?: { type: string; body: string };
  /** The id of the failed generation, for errors with status 200. */
  id?: string;
}

/** Creates the response of a refusal. */
export function refusalResponse({ status, message, details }: Refusal): Response {
  const { code = status, metadata, headers = {}, raw, id } = details;
  if (raw) {
    return new Response(raw.body || null, {
      status,
      headers: { ...headers, "Content-Type": raw.type },
    });
  }
  return Response.json({ id, error: { code, message, metadata }, user_id: "user_simulated" }, {
    status,
    headers: id ? { ...headers, "X-Generation-Id": id } : headers,
  });
}

/** Creates a 400 about the request itself. */
export function invalidRequest(message: string): Refusal {
  return new Refusal(400, message);
}

/** Creates a 404: no provider serves the model with the features of the request. */
export function noEndpoints(message: string): Refusal {
  return new Refusal(404, message, { metadata: { error_type: "not_found" } });
}

/**
 * Creates a failure of the provider behind OpenRouter. Only `metadata.raw` contains the reason, as a
 * JSON string.
 */
export function providerError(status: number, provider: string, reason: string): Refusal {
  return new Refusal(status, "Provider returned error", {
    metadata: {
      raw: JSON.stringify({ error: { message: reason, type: "invalid_request_error" } }),
      provider_name: provider,
      is_byok: false,
    },
  });
}
