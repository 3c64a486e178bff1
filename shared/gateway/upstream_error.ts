/** Errors as gateways send them: found, whatever they hide in, and read as far as they may be shown. */

/** An error object as OpenRouter sends it: in a body, in a stream's chunk or inside a choice. */
export interface UpstreamError {
  /** HTTP status as a number, or a provider's word such as `server_error`. */
  code?: unknown;
  message?: unknown;
  metadata?: Record<string, unknown>;
  /** What is left, where Pinata says it here. */
  availableMicrocredits?: unknown;
  /** It came in PinMe's envelope: PinMe's own failure, and none that it passes on. */
  enveloped?: true;
}

/**
 * Finds the error that hides in a body or chunk that came with status 200: at its top, or in its
 * first choice, with or without an error object.
 */
export function findError(body: unknown): UpstreamError | undefined {
  const { error, error_type, choices, code, msg, data } = body as {
    error?: UpstreamError | string | null;
    error_type?: string; // where OpenRouter's Responses have it
    choices?: { error?: UpstreamError; finish_reason?: string; native_finish_reason?: string }[];
    code?: unknown; // from here on PinMe's envelope
    msg?: unknown;
    data?: { error?: unknown } | null;
  };
  if (typeof error === "string") return { message: error };
  if (error) return error_type ? { metadata: { error_type }, ...error } : error;
  if (typeof msg === "string" && Number(code) !== 200) {
    const { error: reason = msg } = data ?? {};
    return { code, message: reason, enveloped: true };
  }
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

/**
 * What Pinata says is left, in millionths of a credit. Whether it stands in the error or beside it,
 * in the body, is not documented.
 */
export function findMicrocredits(error: UpstreamError, text = "{}"): string | undefined {
  let beside: { availableMicrocredits?: unknown } = {};
  try {
    beside = Object(JSON.parse(text));
  } catch {
    // No JSON says nothing of it.
  }
  const left = error.availableMicrocredits ?? beside.availableMicrocredits;
  const isNumber = typeof left === "number" || typeof left === "string" && /^-?\d+$/.test(left);
  return isNumber ? String(left) : undefined;
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
