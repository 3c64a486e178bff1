/** One request that tells whether a deployed function of this package runs. */
import type { Clock } from "./clock.ts";
import { withDeadline } from "./deadline.ts";
import { DeployFailure } from "./failure.ts";

const PAUSE_MS = 2_000;
const TIMEOUT_MS = 30_000;

/** How a smoke test goes about it. */
export interface SmokeOptions {
  /** How often to ask: a revision takes a moment to reach the place that answers. */
  tries: number;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Asks a function without a token until it refuses that in its own words, which needs no account and
 * costs nothing.
 *
 * @throws {DeployFailure} with the last answer when it never did, the signal's reason when aborted.
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

/** A proxy may have put an id of its own in the place of ours; the platform's errors look different. */
function isOurError(status: number, text: string): boolean {
  try {
    const { error, statusCode } = JSON.parse(text);
    return statusCode === status || typeof error?.message === "string";
  } catch {
    return false;
  }
}
