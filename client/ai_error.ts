/** The one error class of the client, and how it is read from an answer. */
import type { ErrorCode } from "./contract.ts";

/**
 * What went wrong, for programs: a code of the functions, of the platform in front of them, or one of
 * the client's own.
 *
 * - `NETWORK_ERROR`: no answer, or it broke off. Status 0.
 * - `NO_ACCESS_TOKEN`: `getAccessToken` failed. Status 0.
 * - `REQUEST_FAILED`: an answer that no function of this package gives; its status says more.
 * - `STREAM_INCOMPLETE`: a stream ended before the answer had.
 */
export type AiErrorCode =
  | ErrorCode
  | "NETWORK_ERROR"
  | "NO_ACCESS_TOKEN"
  | "REQUEST_FAILED"
  | "STREAM_INCOMPLETE"
  | (string & Record<never, never>);

/** What an {@link AiError} may carry beside status, code and message. */
export interface AiErrorOptions {
  /** Name of the request in the functions' log. */
  requestId?: string;
  /** Seconds until the same request may succeed. */
  retryAfterSeconds?: number;
  /** What can be done about it, one sentence. */
  nextActions?: string;
  /** What was thrown before, if anything. */
  cause?: unknown;
}

/** Any failure of a call, but for the caller's own abort: that throws the signal's reason. */
export class AiError extends Error {
  override readonly name = "AiError";
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;
  readonly nextActions?: string;

  /**
   * @param status of the HTTP answer: 200 where a stream failed after it had begun, 0 without any.
   * @param code what programs read.
   * @param message what people read.
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

/** Turns an answer with a status that means failure into an {@link AiError}, whoever gave it. */
export async function readError(response: Response): Promise<AiError> {
  const text = await response.text().catch(() => "");
  const { error, message, nextActions } = parseFields(text);
  // The platform itself puts sentences where functions put codes.
  const isCode = typeof error === "string" && /^[A-Z][A-Z0-9_]+$/.test(error);
  const words = [message, isCode ? undefined : error].find((one) => one && typeof one === "string");
  return new AiError(
    response.status,
    isCode ? error : "REQUEST_FAILED",
    words as string ?? `The functions answered with status ${response.status}`,
    {
      ...readTrace(response),
      retryAfterSeconds: toSeconds(response.headers.get("Retry-After")),
      nextActions: typeof nextActions === "string" ? nextActions : undefined,
    },
  );
}

/** What leads from an answer to the functions' log. */
export function readTrace({ headers }: Response): Pick<AiErrorOptions, "requestId"> {
  return { requestId: headers.get("X-Request-Id") ?? undefined };
}

function parseFields(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {}; // a page of some proxy
  }
}

/** `Retry-After` is a number of seconds or a date. */
function toSeconds(value: string | null): number | undefined {
  const seconds = value ? Number(value) : NaN;
  if (seconds >= 0) return seconds;
  const ms = Date.parse(value ?? "") - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.ceil(ms / 1_000));
}
