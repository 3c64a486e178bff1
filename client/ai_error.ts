/** The one error class of the client, and how it is read from a failed response. */
import type { ErrorCode } from "./contract.ts";

/**
 * What went wrong, for programs: a code of the functions, a code of the platform in front of them,
 * or one of the client's own.
 *
 * - `NETWORK_ERROR`: no response, or the connection broke. Status 0.
 * - `NO_ACCESS_TOKEN`: `getAccessToken` failed. Status 0.
 * - `REQUEST_FAILED`: the response did not come from a function of this package. Its status says
 *   more.
 * - `STREAM_INCOMPLETE`: the stream ended before the answer was complete.
 */
export type AiErrorCode =
  | ErrorCode
  | "NETWORK_ERROR"
  | "NO_ACCESS_TOKEN"
  | "REQUEST_FAILED"
  | "STREAM_INCOMPLETE"
  | (string & Record<never, never>);

/** The optional details of an {@link AiError}. */
export interface AiErrorOptions {
  /** Id of the request in the functions' log. */
  requestId?: string;
  /** Seconds until the same request may succeed. */
  retryAfterSeconds?: number;
  /** What the user can do about it, in one sentence. */
  nextActions?: string;
  /** The error behind this one. */
  cause?: unknown;
}

/**
 * Every failure of a call, except an abort by the caller: that throws the signal's reason.
 *
 * @example
 * ```ts
 * try {
 *   await ai.chat({ prompt: "Hello" });
 * } catch (error) {
 *   if (!(error instanceof AiError)) throw error;
 *   const { message, nextActions = "", requestId } = error;
 *   console.log(`${message}. ${nextActions}`, requestId);
 * }
 * ```
 */
export class AiError extends Error {
  /** Always `AiError`. */
  override readonly name = "AiError";
  /** Id of the request in the functions' log. */
  readonly requestId?: string;
  /** Seconds until the same request may succeed. */
  readonly retryAfterSeconds?: number;
  /** What the user can do about it, in one sentence. */
  readonly nextActions?: string;

  /**
   * Creates an error.
   *
   * @param status of the HTTP response: 200 when a stream failed after it had begun, 0 when there
   *   was no response.
   * @param code for programs.
   * @param message for people.
   */
  constructor(
    readonly status: number,
    readonly code: AiErrorCode,
    message: string,
    options: AiErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.requestId = options.requestId;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.nextActions = options.nextActions;
  }
}

/** Reads a response with an error status, whether a function or the platform sent it. */
export async function readAiError(response: Response): Promise<AiError> {
  const text = await response.text().catch(() => "");
  const { error, message, nextActions } = toFlat(parseFields(text));
  // The platform puts a sentence where the functions put a code.
  const isCode = typeof error === "string" && /^[A-Z][A-Z0-9_]+$/.test(error);
  const sentence = [message, isCode ? "" : error].find((one) => one && typeof one === "string");
  return new AiError(
    response.status,
    isCode ? error : "REQUEST_FAILED",
    sentence as string ?? `The functions responded with status ${response.status}`,
    {
      ...readTrace(response),
      retryAfterSeconds: parseRetryAfter(response.headers.get("Retry-After")),
      nextActions: typeof nextActions === "string" ? nextActions : undefined,
    },
  );
}

/** The error body of `v1`, which is nested as OpenAI's, in the flat form of the other functions. */
function toFlat(body: Record<string, unknown>): Record<string, unknown> {
  const { error } = body;
  if (Object(error) !== error) return body;
  const { message, metadata } = error as Record<string, unknown>;
  const { error_code, next_actions } = Object(metadata);
  return { error: error_code, message, nextActions: next_actions };
}

/** Reads what identifies a response in the functions' log. */
export function readTrace({ headers }: Response): Pick<AiErrorOptions, "requestId"> {
  return { requestId: headers.get("X-Request-Id") ?? undefined };
}

function parseFields(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {}; // an HTML page of a proxy, for example
  }
}

/** `Retry-After` is a number of seconds or a date. */
function parseRetryAfter(value: string | null): number | undefined {
  const seconds = value ? Number(value) : NaN;
  if (seconds >= 0) return seconds;
  const ms = Date.parse(value ?? "") - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.ceil(ms / 1_000));
}
