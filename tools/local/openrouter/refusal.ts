/** Errors as OpenRouter words them: one envelope, without OpenAI's `type` and `param`. */

/** An answer that is an error; thrown anywhere, answered in one place. */
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

/** What a refusal may hold beyond status and message. */
export interface RefusalDetails {
  /** `error.code` where it is not the status. */
  code?: number | string;
  metadata?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** A body that takes the place of the envelope, with its content type. */
  raw?: { type: string; body: string };
  /** The id of the generation that failed, for errors that come with status 200. */
  id?: string;
}

/** The answer that tells a refusal. */
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

/** A 400 about the request itself. */
export function invalidRequest(message: string): Refusal {
  return new Refusal(400, message);
}

/** A 404: nobody serves the model, or not with what the request asks of it. */
export function noEndpoints(message: string): Refusal {
  return new Refusal(404, message, { metadata: { error_type: "not_found" } });
}

/**
 * A failure of the provider behind OpenRouter, whose real reason only `metadata.raw` tells, as a
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
