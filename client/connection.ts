/** How requests reach the functions: where they are, who asks, and a token that has expired. */
import { AiError, readError, readTrace } from "./ai_error.ts";

/**
 * Gives the signed-in user's access token, or nothing when nobody is signed in.
 *
 * `refresh` is true when the functions have refused the last token as expired: then a new one is
 * needed, and the request is sent once more with it, unless it is the same again. Requests that
 * run at the same time share one refresh.
 */
export type GetAccessToken = (
  options: { refresh: boolean },
) => string | null | undefined | Promise<string | null | undefined>;

/** Where the functions are, and what to send with a request. */
export interface ConnectionOptions {
  /** Address of the functions, such as `https://<appkey>.function2.insforge.app`. */
  functionsUrl: string;
  getAccessToken: GetAccessToken;
  /** Used instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/**
 * Posts JSON to a function, or fetches from it where there is nothing to post. What it returns has a
 * status below 300 and is unread.
 */
export type Post = (slug: string, request: unknown, signal?: AbortSignal) => Promise<Response>;

/** Creates what all calls of a client go through. */
export function createPost(options: ConnectionOptions): Post {
  const address = options.functionsUrl.replace(/\/+$/, "");
  let refreshed: Promise<string | undefined> | undefined;

  async function getToken(refresh: boolean): Promise<string | undefined> {
    try {
      return await options.getAccessToken({ refresh }) || undefined;
    } catch (cause) {
      throw toTokenError(cause);
    }
  }

  /** A token other than the refused one, which another request may have fetched meanwhile. */
  async function replaceToken(refused: string | undefined): Promise<string | undefined> {
    if (!refreshed) {
      const current = await getToken(false);
      if (current !== refused) return current;
    }
    refreshed ??= getToken(true).finally(() => refreshed = undefined);
    return await refreshed;
  }

  async function send(
    slug: string,
    { body, token, signal }: { body?: string; token?: string; signal?: AbortSignal },
  ): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    // Called through a variable: browsers want their `fetch` to be no other object's method.
    const request = options.fetch ?? fetch;
    const init = { method: body === undefined ? "GET" : "POST", headers, body, signal };
    let response: Response;
    try {
      response = await request(`${address}/${slug}`, init);
    } catch (cause) {
      throw toNetworkError("The functions could not be reached", cause, signal);
    }
    if (response.ok) return response;
    const error = await readError(response);
    signal?.throwIfAborted();
    throw error;
  }

  return async (slug, request, signal) => {
    const body: string | undefined = JSON.stringify(request);
    const token = await orAbort(getToken(false), signal);
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
 * Reads an answer's JSON.
 *
 * @throws {AiError} `NETWORK_ERROR` when it breaks off, `REQUEST_FAILED` when it is no JSON.
 */
export async function readJson<T>(response: Response, signal?: AbortSignal): Promise<T> {
  const text = await response.text().catch((cause) => {
    throw toNetworkError("The answer broke off", cause, signal);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = "The answer must be JSON, but is not";
    throw new AiError(response.status, "REQUEST_FAILED", message, {
      ...readTrace(response),
      cause,
    });
  }
}

function toNetworkError(message: string, cause: unknown, signal?: AbortSignal): unknown {
  return signal?.aborted ? signal.reason : new AiError(0, "NETWORK_ERROR", message, { cause });
}

/** What InsForge's SDK throws says itself what failed: a session that has ended, or the network. */
function toTokenError(cause: unknown): AiError {
  const { statusCode, error, message } = Object(cause);
  return typeof statusCode === "number" && typeof error === "string"
    ? new AiError(statusCode, error, String(message), { cause })
    : new AiError(0, "NO_ACCESS_TOKEN", "The access token could not be read", { cause });
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as that is aborted. */
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
