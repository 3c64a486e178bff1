/** How requests reach the functions: the URL, the access token, and its refresh. */
import { AiError, readAiError, readTrace } from "./ai_error.ts";

/**
 * Returns the signed-in user's access token, or nothing when no user is signed in.
 *
 * `refresh` is true after the functions have rejected the last token. A new token is needed then;
 * the request is repeated once with it. When the same token comes back, the request is not repeated.
 * Requests that run at the same time share one refresh.
 *
 * @example
 * ```ts
 * const getAccessToken: GetAccessToken = async ({ refresh }) => {
 *   if (refresh) await session.refresh();
 *   return session.accessToken;
 * };
 * const ai = createAiClient({ functionsUrl, getAccessToken });
 * ```
 */
export type GetAccessToken = (
  options: { refresh: boolean },
) => string | null | undefined | Promise<string | null | undefined>;

/** Where the functions are, and what to send with a request. */
export interface ConnectionOptions {
  /** URL of the functions, such as `https://<appkey>.function2.insforge.app`. */
  functionsUrl: string;
  /** Returns the signed-in user's access token. */
  getAccessToken: GetAccessToken;
  /** Used instead of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

/** The options that every call takes beside its request. */
export interface CallOptions {
  /**
   * Aborts the call, and the generation where the platform notices a closed connection. The call
   * then throws the signal's reason.
   */
  signal?: AbortSignal | undefined;
}

/**
 * Posts JSON to a function; without a body it sends a GET. The returned response has a status below
 * 300, and its body is unread.
 */
export type Post = (slug: string, request: unknown, signal?: AbortSignal) => Promise<Response>;

/** Creates the function through which every call of a client goes. */
export function createPost(options: ConnectionOptions): Post {
  const functionsUrl = options.functionsUrl.replace(/\/+$/, "");
  let refreshing: Promise<string | undefined> | undefined;

  async function readToken(refresh: boolean): Promise<string | undefined> {
    try {
      return await options.getAccessToken({ refresh }) || undefined;
    } catch (cause) {
      throw toTokenError(cause);
    }
  }

  /** Returns a token other than the rejected one; another request may have fetched it already. */
  async function replaceToken(rejected: string | undefined): Promise<string | undefined> {
    if (!refreshing) {
      const current = await readToken(false);
      if (current !== rejected) return current;
    }
    refreshing ??= readToken(true).finally(() => refreshing = undefined);
    return await refreshing;
  }

  async function send(
    slug: string,
    { body, token, signal }: { body?: string; token?: string; signal?: AbortSignal },
  ): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    // Called through a variable: browsers reject their `fetch` as a method of another object.
    const request = options.fetch ?? fetch;
    const init = { method: body === undefined ? "GET" : "POST", headers, body, signal };
    let response: Response;
    try {
      response = await request(`${functionsUrl}/${slug}`, init);
    } catch (cause) {
      throw toNetworkError("The functions could not be reached", cause, signal);
    }
    if (response.ok) return response;
    const error = await readAiError(response);
    signal?.throwIfAborted();
    throw error;
  }

  return async (slug, request, signal) => {
    const body: string | undefined = JSON.stringify(request);
    const token = await orAbort(readToken(false), signal);
    try {
      return await send(slug, { body, token, signal });
    } catch (error) {
      if (!(error instanceof AiError) || error.code !== "AUTH_UNAUTHORIZED") throw error;
      const replacement = await orAbort(replaceToken(token), signal);
      if (!replacement || replacement === token) throw error;
      return await send(slug, { body, token: replacement, signal });
    }
  };
}

/**
 * Reads a JSON response.
 *
 * @throws {AiError} `NETWORK_ERROR` when the connection breaks, `REQUEST_FAILED` when the body is
 *   not JSON.
 */
export async function readJson<T>(response: Response, signal?: AbortSignal): Promise<T> {
  const text = await response.text().catch((cause) => {
    throw toNetworkError("The connection broke during the response", cause, signal);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AiError(response.status, "REQUEST_FAILED", "The response must be JSON", {
      ...readTrace(response),
      cause,
    });
  }
}

function toNetworkError(message: string, cause: unknown, signal?: AbortSignal): unknown {
  return signal?.aborted ? signal.reason : new AiError(0, "NETWORK_ERROR", message, { cause });
}

/** Errors of InsForge's SDK state themselves whether the session ended or the network failed. */
function toTokenError(cause: unknown): AiError {
  if (cause instanceof AiError) return cause;
  const { statusCode, error, message } = Object(cause);
  return typeof statusCode === "number" && typeof error === "string"
    ? new AiError(statusCode, error, String(message), { cause })
    : new AiError(0, "NO_ACCESS_TOKEN", "The access token could not be read", { cause });
}

/** Settles like `promise`, or rejects with the signal's reason as soon as the signal is aborted. */
async function orAbort<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
