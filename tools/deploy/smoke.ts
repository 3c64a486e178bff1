/** Tests a deployed function with one request. */
import type { Clock } from "./clock.ts";
import { withDeadline } from "./deadline.ts";
import { DeployFailure } from "./failure.ts";

const PAUSE_MS = 2_000;
const TIMEOUT_MS = 30_000;

/** How a smoke test waits. */
export interface SmokeOptions {
  /** The number of requests, because a new revision takes a moment to be served. */
  tries: number;
  clock: Clock;
  signal: AbortSignal;
  /** Whether the function is not written with the library. */
  isPlain?: boolean;
}

/**
 * Calls a function without a token until it rejects that with an error of this package, which needs no
 * account and costs nothing. A plain function of the app may do something without a token, so it is
 * called with `OPTIONS`, until the response is neither a 404 nor a failure.
 *
 * @throws {DeployFailure} with the last response when it never does so; the signal's reason when
 *   aborted.
 */
export async function runSmokeTest(
  url: string,
  { tries, clock, signal, isPlain }: SmokeOptions,
): Promise<void> {
  for (let left = tries - 1;; left--) {
    const fault = await (isPlain ? findPlainFault(url) : findFault(url));
    if (fault === undefined) return;
    if (left <= 0) throw new DeployFailure(`the smoke test failed: ${fault}`);
    await clock.sleep(PAUSE_MS, signal);
  }
}

async function findFault(url: string): Promise<string | undefined> {
  const id = `deploy-${crypto.randomUUID()}`;
  const headers = { "Content-Type": "application/json", "X-Request-Id": id };
  return await request(url, { method: "POST", headers, body: "{}" }, (response, text) => {
    const isOurs = response.headers.get("X-Request-Id") === id || isOurError(response.status, text);
    return isOurs && response.status < 500;
  });
}

async function findPlainFault(url: string): Promise<string | undefined> {
  return await request(url, { method: "OPTIONS" }, ({ status }) => status < 500 && status !== 404);
}

/** Sends a request and describes the response, unless it is good. */
async function request(
  url: string,
  init: RequestInit,
  isGood: (response: Response, text: string) => boolean,
): Promise<string | undefined> {
  try {
    return await withDeadline(TIMEOUT_MS, async (signal) => {
      const response = await fetch(url, { ...init, signal });
      const text = await response.text();
      if (isGood(response, text)) return undefined;
      return `${init.method} ${url} answers ${response.status} ${text.slice(0, 300)}`;
    });
  } catch (error) {
    return `${init.method} ${url} fails: ${(error as Error).message}`;
  }
}

/** For a proxy that replaces the request id. The platform's own errors have another form. */
function isOurError(status: number, text: string): boolean {
  try {
    const { error, statusCode } = JSON.parse(text);
    return statusCode === status || typeof error?.message === "string";
  } catch {
    return false;
  }
}
