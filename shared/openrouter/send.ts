/**
 * One HTTP request to the gateway, sent once and judged by its status alone.
 *
 * It uses `fetch`, not the OpenAI SDK's client class: that class adds 394 KB to every cold start,
 * sleeps as long as a `Retry-After` says, and drops what OpenRouter adds to responses.
 */
import { ApiError } from "../errors.ts";
import type { Gateway, GatewayRequest } from "../gateway/interface.ts";

const encoder = new TextEncoder();

/** The `cause` of an {@link ApiError} for a request that got no response. */
export interface NetworkFailure {
  /** The request may have reached the gateway, which then finishes and bills it. */
  sent: boolean;
  /** What `fetch` failed with. */
  cause: unknown;
}

/** How a request is sent. */
export interface SendOptions {
  /** The gateway that receives the request; it finds the error in a response. */
  gateway: Pick<Gateway, "readError">;
  /** The user's own key; the project's unless given; null for none. */
  key?: string | null;
  /** Aborts the request. */
  signal: AbortSignal;
}

/**
 * Sends a request.
 *
 * @returns the response with a status below 300, its body unread.
 * @throws {ApiError} for a status of 300 or above, see the table of errors in the API's docs; 502
 *   `AI_UPSTREAM_UNAVAILABLE` with a {@link NetworkFailure} as cause when no response came; the
 *   signal's reason when it was aborted before anything was sent.
 */
export async function send(
  { url, body, toHeaders }: GatewayRequest,
  { gateway, key, signal }: SendOptions,
): Promise<Response> {
  if (signal.aborted) throw signal.reason;
  const headers = toHeaders(key);
  const method = body === undefined ? "GET" : "POST";
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : new UnrepeatableBody(body),
      signal,
      redirect: "manual", // the key would be sent along
    });
  } catch (cause) {
    throw toNetworkFailure(cause, signal);
  }
  if (response.status < 300) return response;
  const failed = { status: response.status, headers: response.headers };
  const text = removeKey(await readText(response, signal), headers);
  throw gateway.readError({ ...failed, body: text }) ?? unreachable({ sent: true, cause: failed });
}

/** A gateway may repeat the key, which need not look like a credential. */
function removeKey(text: string, headers: Record<string, string>): string {
  const key = headers.Authorization?.replace(/^Bearer /, "") ?? headers["X-API-Key"];
  return key ? text.replaceAll(key, "[removed]") : text;
}

/**
 * Reads a response's body as text.
 *
 * @throws {ApiError} 502 when the connection breaks; the signal's reason when it is aborted.
 */
export function readText(response: Response, signal: AbortSignal): Promise<string> {
  return response.text().catch((cause) => throwBroken(cause, signal));
}

/**
 * Reads a response's body as bytes.
 *
 * @throws {ApiError} as {@link readText}.
 */
export function readBytes(
  response: Response,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  return response.bytes().catch((cause) => throwBroken(cause, signal));
}

function throwBroken(cause: unknown, signal: AbortSignal): never {
  throw signal.aborted ? signal.reason : unreachable({ sent: true, cause });
}

/** The generation's id, when the response's headers name it. */
export function readGenerationId(response: Response): string | undefined {
  return response.headers.get("x-generation-id") ?? undefined;
}

/** Whether a request failed because no response came. */
export function isNetworkFailure(
  failure: unknown,
): failure is ApiError & { cause: NetworkFailure } {
  return failure instanceof ApiError && typeof Object(failure.cause).sent === "boolean";
}

/** Whether a request that failed may have been taken, and billed, by the gateway. */
export function mayBeBilled(failure: unknown): boolean {
  return isNetworkFailure(failure) && failure.cause.sent;
}

/**
 * A body that is sent once. Deno's `fetch` sends text and bytes a second time when a pooled connection
 * breaks, but not a stream. A stream by itself would be sent without `Content-Length`; a blob has a
 * size. Streaming the bytes from here costs a fifth of what Deno's own blobs cost.
 */
class UnrepeatableBody extends Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(text: string) {
    super();
    this.#bytes = encoder.encode(text);
  }

  override get size(): number {
    return this.#bytes.length;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (controller) => {
        controller.enqueue(this.#bytes);
        controller.close();
      },
    });
  }
}

function toNetworkFailure(cause: unknown, signal: AbortSignal): ApiError {
  if (!signal.aborted) return unreachable({ sent: !isBeforeSending(cause), cause });
  const { status, code, message } = signal.reason as ApiError;
  return new ApiError(status, code, message, { cause: { sent: true, cause } });
}

/** Deno says in words how far a request came; "(Connect)" stands for DNS, TCP and TLS. */
function isBeforeSending(cause: unknown): boolean {
  const { message, cause: inner } = Object(cause) as { message?: string; cause?: Error };
  return /client error \(Connect\)/.test(`${message} ${inner?.message}`);
}

function unreachable(failure: NetworkFailure): ApiError {
  return new ApiError(502, "AI_UPSTREAM_UNAVAILABLE", "The AI provider could not be reached", {
    retryable: !failure.sent,
    cause: failure,
  });
}
