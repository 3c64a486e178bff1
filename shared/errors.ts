/** The one error class of every function, and the shapes in which it reaches a caller. */

/** The codes a caller can meet. They are InsForge's own, so that its SDK and its users know them. */
export type ErrorCode =
  | "AI_INVALID_API_KEY"
  | "AI_INVALID_MODEL"
  | "AI_UPSTREAM_UNAVAILABLE"
  | "AUTH_INVALID_API_KEY"
  | "AUTH_INVALID_CREDENTIALS"
  | "AUTH_UNAUTHORIZED"
  | "BILLING_INSUFFICIENT_BALANCE"
  | "FORBIDDEN"
  | "INTERNAL_ERROR"
  | "INVALID_INPUT"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "REQUEST_CANCELLED"
  | "STORAGE_NOT_FOUND"
  | "STORAGE_PERMISSION_DENIED"
  | "UPSTREAM_FAILURE";

/** What an {@link ApiError} may carry beside status, code and message. */
export interface ApiErrorOptions {
  /** What the caller can do about it, one sentence. */
  nextActions?: string;
  /** Seconds until the same request may succeed; becomes the `Retry-After` header. */
  retryAfterSeconds?: number;
  /** Whether the same upstream call may succeed when it is repeated. Never shown to the caller. */
  retryable?: boolean;
  /** Headers that the response needs, such as `Allow` or `WWW-Authenticate`. */
  headers?: Record<string, string>;
  /** Facts for programs. The error bodies of OpenAI's shape repeat them, beside and in `error`. */
  details?: Record<string, string | number>;
  /** What was caught. Never shown to the caller. */
  cause?: unknown;
}

/** An expected failure: thrown where it is noticed, and rendered in one place, `createApp`. */
export class ApiError extends Error {
  /** The name of the class, also in minified code. */
  override readonly name = "ApiError";
  /** What the caller can do about it, one sentence. */
  readonly nextActions?: string;
  /** Seconds until the same request may succeed. */
  readonly retryAfterSeconds?: number;
  /** Whether the same upstream call may succeed when it is repeated. */
  readonly retryable: boolean;
  /** Headers that the response needs. */
  readonly headers: Record<string, string>;
  /** Facts for programs. */
  readonly details: Record<string, string | number>;

  /**
   * Creates the error; throw it.
   *
   * @param status HTTP status of the response, 400 to 599.
   * @param code what programs read.
   * @param message what people read: sentence case, no final period, quotes the field, says what
   *   would be right. It reaches the caller, so it must not contain a key, SQL or an upstream body.
   */
  constructor(
    /** HTTP status of the response. */
    readonly status: number,
    /** What programs read. */
    readonly code: ErrorCode,
    message: string,
    options: ApiErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.nextActions = options.nextActions;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.retryable = options.retryable ?? false;
    this.headers = options.headers ?? {};
    this.details = options.details ?? {};
  }
}

/**
 * A mistake in the code of a function. The caller gets a 500 that gives nothing away; the message goes
 * into the log line, so it says what to change and never quotes data.
 */
export class ProgrammerError extends Error {
  /** Tells it from other errors in logs. */
  override readonly name = "ProgrammerError";
}

/** A 400 `INVALID_INPUT` with the given message: the caller sent something that cannot be honoured. */
export function invalidInput(message: string, cause?: unknown): ApiError {
  return new ApiError(400, "INVALID_INPUT", message, { cause });
}

/** A 401 `AUTH_UNAUTHORIZED`. It makes InsForge's SDK refresh the session and send the request again. */
export function unauthorized(cause: unknown): ApiError {
  return new ApiError(401, "AUTH_UNAUTHORIZED", "Invalid token", {
    cause,
    nextActions: "Refresh the session or sign in again",
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

/**
 * Converts anything thrown to an {@link ApiError}. Anything but an `ApiError` is a bug of ours: 500
 * `INTERNAL_ERROR` with a message that gives nothing away, and the thrown value as `cause`.
 */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(500, "INTERNAL_ERROR", "Something went wrong on our side", {
    cause: thrown,
    nextActions: "Try again, and report the X-Request-Id of the response if it fails again",
  });
}

/** What to do about an error that does not say it itself, in words for the user of an app. */
const NEXT_ACTIONS: Record<ErrorCode, string | undefined> = {
  AI_INVALID_API_KEY: "Ask the operator of this app to check its API key",
  AI_INVALID_MODEL: "Choose another model",
  AI_UPSTREAM_UNAVAILABLE: "Try again later",
  AUTH_INVALID_API_KEY: "Check the API key",
  AUTH_INVALID_CREDENTIALS: "Sign in, and send the access token as Authorization: Bearer <token>",
  AUTH_UNAUTHORIZED: "Refresh the session or sign in again",
  BILLING_INSUFFICIENT_BALANCE: "Ask for less, or try again later",
  FORBIDDEN: "Use an account that has access",
  INTERNAL_ERROR: undefined,
  INVALID_INPUT: "Correct the request as the message says",
  NOT_FOUND: "Check the path and the method of the request",
  RATE_LIMITED: "Try again later",
  REQUEST_CANCELLED: undefined, // the connection is closed: no response reaches the caller
  STORAGE_NOT_FOUND: "Name a bucket that exists",
  STORAGE_PERMISSION_DENIED: "Name a bucket and a prefix that you may write to",
  UPSTREAM_FAILURE: "Try again later",
};

/** What can be done about an error, one sentence; undefined when nothing can. */
function toNextActions({ status, code, nextActions }: ApiError): string | undefined {
  if (nextActions) return nextActions;
  if (status === 500) return "Ask the operator of this app to correct what the message names";
  if (status === 413) return "Send a smaller request, and pass images by URL";
  return NEXT_ACTIONS[code];
}

/** InsForge's flat error body: `{ error, message, statusCode, nextActions? }`. */
export function toErrorBody(error: ApiError): Record<string, unknown> {
  return {
    error: error.code,
    message: error.message,
    statusCode: error.status,
    nextActions: toNextActions(error),
  };
}

/** OpenAI's types of errors by status; all others are `api_error`. */
const OPENAI_TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "insufficient_quota",
  403: "permission_error",
  404: "invalid_request_error",
  405: "invalid_request_error",
  413: "invalid_request_error",
  429: "rate_limit_error",
};

/**
 * The nested error body of OpenAI and OpenRouter: `{ error: { message, type, code, param, metadata } }`.
 *
 * `code` is the HTTP status, because OpenRouter's SDKs require a number; our own code is
 * `metadata.error_code`. `param` is the field that the message begins with, or null.
 */
export function toOpenAIErrorBody(error: ApiError): Record<string, unknown> {
  const { status, code, message, details } = error;
  const [, field] = /^"([^"]+)"/.exec(message) ?? [];
  const param = code === "AI_INVALID_MODEL" ? "model" : field ?? null;
  const metadata = { error_code: code, next_actions: toNextActions(error) };
  const type = OPENAI_TYPES[status] ?? "api_error";
  return { ...details, error: { ...details, message, type, code: status, param, metadata } };
}

/** Anthropic's types of errors by status; others below 500 are invalid requests. */
const ANTHROPIC_TYPES: Record<number, string> = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/**
 * The error body of Anthropic's API: `{ type: "error", error: { type, message, metadata } }`.
 * `metadata` is the same as in {@link toOpenAIErrorBody}.
 *
 * @see https://docs.anthropic.com/en/api/errors
 */
export function toAnthropicErrorBody(error: ApiError): Record<string, unknown> {
  const { status, code, message } = error;
  const type = ANTHROPIC_TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  const metadata = { error_code: code, next_actions: toNextActions(error) };
  return { type: "error", error: { type, message, metadata } };
}

/** The JSON of the event that ends a failed stream for clients of Anthropic's API. */
export function toAnthropicErrorEvent(error: ApiError): string {
  return JSON.stringify(toAnthropicErrorBody(error));
}

/**
 * The JSON of the one event that ends a failed stream. It has no `choices`: with an empty list some
 * clients take the stream for a finished answer.
 */
export function toErrorEvent(error: ApiError): string {
  return JSON.stringify({ error: { code: error.code, message: error.message } });
}

/** The event of {@link toErrorEvent} for clients of OpenAI's API, in the shape of their error bodies. */
export function toOpenAIErrorEvent(error: ApiError): string {
  return JSON.stringify(toOpenAIErrorBody(error));
}
