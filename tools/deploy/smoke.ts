/** Tests a deployed function of this package with one request. */
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
}

/**
 * Calls a function without a token until it rejects that with an error of this package, which needs no
 * account and costs nothing.
 *
 * @throws {DeployFailure} with the last response when it never does so; the signal's reason when
 *   aborted.
 */
export async function runSmokeTest(
  url: string,
  { tries, clock, signal }: SmokeOptions,
): Promise<void> {
  for (let left = tries - 1;; left--) {
    const fault = await findFault(url);
    if (fault === undefined) return;
    if (left <= 0) throw new DeployFailure(`the smoke test failed: ${fault}`);
    await clock.sleep(PAUSE_MS, signal);
  }
}

async function findFault(url: string): Promise<string | undefined> {
  const id = `deploy-${crypto.randomUUID()}`;
  try {
    return await withDeadline(TIMEOUT_MS, async (signal) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Request-Id": id },
        body: "{}",
        signal,
      });
      const { status, headers } = response;
      const text = await response.text();
      const isOurs = headers.get("X-Request-Id") === id || isOurError(status, text);
      if (isOurs && status < 500) return undefined;
      return `POST ${url} answers ${status} ${text.slice(0, 300)}`;
    });
  } catch (error) {
    return `POST ${url} fails: ${(error as Error).message}`;
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
