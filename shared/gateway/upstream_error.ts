/** Finds the error in a gateway's response of any shape, and extracts a message that is safe to show. */

/** An error object as OpenRouter sends it: in a body, in a stream's chunk or inside a choice. */
export interface UpstreamError {
  /** HTTP status as a number, or a provider's word such as `server_error`. */
  code?: unknown;
  message?: unknown;
  metadata?: Record<string, unknown>;
}

/** Parses the text of a body; undefined when it is not JSON. A value that is parsed is returned as it is. */
export function parseBody(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // an HTML page, plain text or nothing
  }
}

/**
 * Finds the error in a body or an event: at its top, in its first choice, or in the choice's finish
 * reason alone.
 */
export function findError(body: unknown): UpstreamError | undefined {
  const { error, error_type, choices } = Object(body) as {
    error?: UpstreamError | string | null;
    error_type?: string; // the place of the kind in OpenRouter's Responses
    choices?: { error?: UpstreamError; finish_reason?: string; native_finish_reason?: string }[];
  };
  if (typeof error === "string") return { message: error };
  if (error) return error_type ? { metadata: { error_type }, ...error } : error;
  const [choice] = Array.isArray(choices) ? choices : [];
  if (choice?.error) return choice.error;
  const ended = choice?.finish_reason === "error" ||
    /^(network_)?error$/.test(choice?.native_finish_reason ?? "");
  return ended ? { message: "The provider ended the answer with an error" } : undefined;
}

/** Why content was refused (moderation, guardrail, provider policy); nothing for a key's 403. */
export function findReasons(error: UpstreamError): string | undefined {
  const metadata = error.metadata ?? {};
  for (const list of [metadata.reasons, metadata.patterns]) {
    if (Array.isArray(list) && list.length > 0) return clean(list.join(", "));
  }
  const kind = metadata.error_type ?? error.code;
  if (kind === "refusal") return "the model refused it";
  if (kind === "content_policy_violation") return "the provider's content policy";
  return metadata.flagged_input === undefined ? undefined : "moderation";
}

/** The real reason, fit to be shown; it often stands in the raw answer of OpenRouter's provider. */
export function describe({ message, metadata }: UpstreamError, fallback: string): string {
  if (typeof message !== "string") return fallback;
  if (!/^Provider returned error/i.test(message)) return clean(message) || fallback;
  let raw: unknown = metadata?.raw;
  try {
    if (typeof raw === "string") raw = JSON.parse(raw);
  } catch {
    // Plain text is a reason, too.
  }
  const { error, message: own } = (raw ?? {}) as {
    error?: { message?: unknown };
    message?: unknown;
  };
  const reason = [error?.message, error, own, raw].find((value) => typeof value === "string");
  return clean((reason as string | undefined) ?? "") || fallback;
}

/** The text without what looks like a credential. */
export function redact(text: string): string {
  return text.replace(
    /\b(g?sk|xai|ik|anon|pk|key)[-_][\w*.-]{6,}|\bAIza[\w-]{20,}|\bBearer\s+\S+|\bX-API-Key\s*[:=]\s*\S+|(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/gi,
    "[removed]",
  );
}

/** Text fit to be shown: one line, no markup, nothing that looks like a credential, not too long. */
function clean(text: string): string {
  return redact(text.replace(/<[^<>]*>/g, " "))
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 300)
    .replace(/\.$/, "");
}

/** Seconds to wait, from a header in any of its forms or from the error's metadata. */
export function readRetryAfter(
  headers?: Headers,
  metadata?: Record<string, unknown>,
): number | undefined {
  const ms = Number(headers?.get("retry-after-ms") || NaN);
  if (ms >= 0 && Number.isFinite(ms)) return ms / 1_000;
  const value = headers?.get("retry-after");
  if (value) {
    const seconds = /^[\d.]+$/.test(value)
      ? Number(value)
      : (Date.parse(value) - Date.now()) / 1_000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
  }
  // Epoch milliseconds as a string; some responses have it only in the metadata.
  const limits = metadata?.headers as Record<string, unknown> | undefined;
  const reset = Number(headers?.get("x-ratelimit-reset") ?? limits?.["X-RateLimit-Reset"]);
  return reset > Date.now() ? (reset - Date.now()) / 1_000 : undefined;
}
