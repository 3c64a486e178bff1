/** Finds the error in a gateway's response of any shape, and extracts a message that is safe to show. */
import type { Fields } from "../fields.ts";
import { redact, toExcerpt } from "./redaction.ts";

/** An error as OpenRouter reports it: in a body, in an event of a stream or inside a choice. */
export interface UpstreamError {
  /** An HTTP status, or a provider's word such as `server_error`. */
  code?: string | number;
  /** The reason, in any language and length. */
  message?: string;
  /** What else is known; empty when the error has no metadata. */
  metadata: Fields;
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
 * Finds the error in a body or an event: at its top, or in its choices. A response with one good
 * choice is good, and so is one whose `error` is present and empty.
 */
export function findError(body: unknown): UpstreamError | undefined {
  const { type, error, error_type, choices } = Object(body) as Fields;
  const found = toUpstreamError(error);
  if (found) {
    // OpenRouter's Responses have the kind beside the error, its Messages have it in the error.
    const kind = error_type ?? Object(error).error_type;
    const metadata = { ...(typeof kind === "string" && { error_type: kind }), ...found.metadata };
    const word = type === "error" ? toPlainText(Object(error).type) : "";
    return { ...found, ...(found.code === undefined && word && { code: word }), metadata };
  }
  const errors = Array.isArray(choices) ? choices.map(findChoiceError) : [];
  return errors.every((error) => error) ? errors[0] : undefined;
}

function findChoiceError(choice: unknown): UpstreamError | undefined {
  const { error, finish_reason, native_finish_reason, message } = Object(choice) as Fields;
  const found = toUpstreamError(error);
  if (found) return found;
  if (finish_reason === "error" || /^(network_)?error$/.test(toPlainText(native_finish_reason))) {
    return { message: "The provider ended the answer with an error", metadata: {} };
  }
  return message ? findRefusal(choice) : undefined;
}

/** An `error` field as an error; undefined when it is missing or empty. */
function toUpstreamError(error: unknown): UpstreamError | undefined {
  if (!hasContent(error)) return undefined;
  if (typeof error !== "object") {
    return typeof error === "number"
      ? { code: error, metadata: {} }
      : { message: toPlainText(error), metadata: {} };
  }
  const { code, message, metadata } = error as Fields;
  return {
    code: typeof code === "number" || typeof code === "string" ? code : undefined,
    message: typeof message === "string" ? message : undefined,
    metadata: typeof metadata === "object" ? { ...metadata } : {},
  };
}

/** Whether a value says anything. */
function hasContent(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.values(value).some((one) => one !== null && one !== "" && one !== undefined);
}

/** What providers call the end of a turn that they, or a filter of theirs, refused. */
const REFUSED =
  /refus|safety|prohibited|block|recitation|spii|content_?filter|guardrail|toxic|sensitive|moderat|policy|^no_image$/i;
const OUTPUT = ["content", "refusal", "tool_calls", "function_call", "images", "audio"];

/**
 * The refusal that only the provider's own finish reason tells: OpenRouter's says `stop`, and nothing
 * was generated. A refusal in words, or one with the finish reason `content_filter`, is a finished
 * turn that clients understand, and not an error.
 *
 * @param choice of a completion. For a choice of a stream it counts only when the stream has brought
 *   no output before.
 */
export function findRefusal(choice: unknown): UpstreamError | undefined {
  const { finish_reason, native_finish_reason, message, delta = message } = Object(
    choice,
  ) as Fields;
  const reason = toPlainText(native_finish_reason);
  if (finish_reason === "content_filter" || !REFUSED.test(reason)) return undefined;
  const output = Object(delta) as Fields;
  if (OUTPUT.some((field) => hasContent(output[field]))) return undefined;
  const reasons = [reason.toLowerCase().replaceAll("_", " ")];
  return { code: 403, metadata: { error_type: "refusal", reasons } };
}

/** The kinds of errors, OpenRouter's and Anthropic's, by the status that each stands for. */
const KINDS: Record<number, string[]> = {
  400: [
    "invalid_request",
    "invalid_prompt",
    "invalid_image",
    "context_length_exceeded",
    "max_tokens_exceeded",
    "token_limit_exceeded",
    "string_too_long",
    "image_too_large",
    "image_too_small",
    "image_not_found",
    "image_download_failed",
    "unsupported_image_format",
    "invalid_request_error",
  ],
  401: ["authentication", "authentication_error"],
  402: ["payment_required", "billing_error"],
  403: ["permission_denied", "permission_error", "content_policy_violation", "refusal"],
  404: ["not_found", "not_found_error"],
  408: ["timeout", "timeout_error"],
  412: ["precondition_failed"],
  413: ["payload_too_large", "request_too_large"],
  422: ["unprocessable"],
  429: ["rate_limit_exceeded", "rate_limit_error"],
  529: ["overloaded_error"],
};

/** The status that an error inside a response with status 200 stands for; 502 when it states none. */
export function toStatus({ code, metadata }: UpstreamError): number {
  const status = Number(code);
  if (status >= 400 && status < 600) return status;
  const kind = toPlainText(metadata.error_type ?? code);
  const known = Object.entries(KINDS).find(([, kinds]) => kinds.includes(kind));
  return known ? Number(known[0]) : 502;
}

/** Why content was refused; undefined when the error is not about content. */
export function findReasons({ code, metadata }: UpstreamError): string | undefined {
  for (const list of [metadata.reasons, metadata.patterns]) {
    const reasons = Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
    if (reasons.length > 0) return toShownText(reasons.join(", "));
  }
  const kind = metadata.error_type ?? code;
  if (kind === "refusal") return "the model refused it";
  if (kind === "content_policy_violation") return "the provider's content policy";
  return metadata.flagged_input === undefined ? undefined : "moderation";
}

/**
 * The real reason of an error, safe to show. For errors of OpenRouter's providers it is in the
 * provider's own response, `metadata.raw`.
 */
export function toReason({ message, metadata }: UpstreamError, fallback: string): string {
  if (message === undefined) return fallback;
  if (!/^Provider returned error/i.test(message)) return toShownText(message) || fallback;
  return toShownText(findRawReason(metadata.raw)) || fallback;
}

/** The reason in a provider's own response, which is JSON in any form, or text. */
function findRawReason(raw: unknown): string {
  const value = parseBody(raw);
  const parsed = value === undefined ? raw : value;
  const { error, message } = Object(parsed) as Fields;
  const reasons = [Object(error).message, error, message, parsed];
  return reasons.find((reason): reason is string => typeof reason === "string") ?? "";
}

function toShownText(text: string): string {
  return toExcerpt(redact(text.replace(/<[^<>]*>/g, " "))).replace(/\.$/, "");
}

/** A text or number as text; empty for anything else, which `String` may even throw for. */
function toPlainText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Seconds to wait, from a header in any of its forms or from the error's metadata. */
export function readRetryAfter(headers?: Headers, metadata?: Fields): number | undefined {
  const ms = Number(headers?.get("retry-after-ms") || NaN);
  if (ms >= 0 && Number.isFinite(ms)) return ms / 1_000;
  const value = headers?.get("retry-after");
  if (value) {
    const seconds = /^[\d.]+$/.test(value)
      ? Number(value)
      : (Date.parse(value) - Date.now()) / 1_000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
  }
  // Epoch milliseconds as text; some responses have it only in the metadata.
  const limits = Object(metadata?.headers) as Fields;
  const reset = Number(
    headers?.get("x-ratelimit-reset") ?? toPlainText(limits["X-RateLimit-Reset"]),
  );
  return reset > Date.now() ? (reset - Date.now()) / 1_000 : undefined;
}
