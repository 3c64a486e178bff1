/** Requests as they came, for tests and for people who wonder what was sent. */

/** A request that reached the simulated OpenRouter. */
export interface RecordedRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: Headers;
  /** The parsed JSON body; nothing when there was none, or none that parses. */
  // deno-lint-ignore no-explicit-any
  body: any;
  /** The body as it came. */
  text: string;
  /** What a gateway made of the body, where one stands in front. */
  forwarded?: Record<string, unknown>;
  /** Settles when the answer is done with: true if the client left before its end. */
  cancelled: Promise<boolean>;
}

/** A recorded request while it is being answered. */
export interface Received extends RecordedRequest {
  /** Whether an answer in pieces is under way, which will settle `cancelled` itself. */
  playing: boolean;
  /** Settles `cancelled`; only the first call counts. */
  settle(cancelled: boolean): void;
}

/** Reads a request whole. */
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
