/** Received requests, for tests and for inspection. */

/** A request that reached the simulated OpenRouter. */
export interface RecordedRequest {
  method: string;
  /** Including the query. */
  path: string;
  headers: Headers;
  /** The parsed JSON body; undefined when it is missing or invalid. */
  // deno-lint-ignore no-explicit-any
  body: any;
  /** The raw body. */
  text: string;
  /** What another gateway made of the body, if it plays one. */
  forwarded?: Record<string, unknown>;
  /** Settles at the end of the response: true when the connection was closed early. */
  cancelled: Promise<boolean>;
}

/** A recorded request in progress. */
export interface Received extends RecordedRequest {
  /** Whether a response in pieces is in progress, which settles `cancelled` itself. */
  playing: boolean;
  /** Settles `cancelled`. Only the first call counts. */
  settle(cancelled: boolean): void;
}

/** Reads a whole request. */
export async function receive(request: Request): Promise<Received> {
  const { pathname, search } = new URL(request.url);
  const text = await request.text();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  return {
    method: request.method,
    path: pathname + search,
    headers: request.headers,
    body: parse(text),
    text,
    cancelled: promise,
    playing: false,
    settle: resolve,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
