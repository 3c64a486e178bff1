/** The thread of `deno task fuzz` in which the cases run. */
import fc from "fast-check";
import { createAnswerTarget, createRequestTarget } from "./exchanges.ts";
import { createLedgerTarget } from "./ledger.ts";
import { loadOperations } from "./operations.ts";
import { createLockTarget } from "./lock.ts";
import { createPostgrestTarget } from "./postgrest.ts";
import { createStreamTarget } from "./streams.ts";
import type { Target } from "./target.ts";
import { World } from "./world.ts";

/** What to run. */
export interface FuzzOrder {
  seed: number;
  cases: number;
  only: string | undefined;
}

/** What the thread says: a sign of life, a finished target, the first failure, or that all is done. */
export type FuzzReport =
  | { kind: "progress" | "target" | "failure"; text: string }
  | { kind: "end"; cases: number };

/** How the cases are shared out. Answers take longest, because a case has retries and timeouts. */
const SHARES: Record<string, number> = {
  postgrest: 0.05,
  ledger: 0.3,
  streams: 0.2,
  requests: 0.28,
  lock: 0.05,
  answers: 0.12,
};
/** Signs of life are sent once in so many cases. */
const PROGRESS_EVERY = 50;
const MAX_SHOWN_CHARS = 4_000;

const thread = globalThis as unknown as { name: string; postMessage(report: FuzzReport): void };
const now = performance.now.bind(performance);

async function run({ seed, cases, only }: FuzzOrder): Promise<void> {
  const isWanted = (name: string) => only === undefined || only === name;
  const whole = Object.keys(SHARES).filter(isWanted).reduce((sum, name) => sum + SHARES[name]!, 0);
  let done = 0;
  const check = async (target: Target) => {
    if (!isWanted(target.name)) return;
    done += await runTarget(target, seed, Math.ceil(cases * SHARES[target.name]! / whole));
  };
  if (isWanted("postgrest")) {
    await using target = await createPostgrestTarget();
    await check(target);
  }
  await import("@insforge/sdk"); // no case shall wait for it
  const operations = await loadOperations();
  await check(createLedgerTarget(operations));
  // From here on, no timer of this thread fires by itself.
  const world = new World();
  await check(createStreamTarget(world));
  await check(createRequestTarget(world, operations));
  await check(createAnswerTarget(world, operations));
  await check(createLockTarget(world, operations));
  thread.postMessage(
    done > 0
      ? { kind: "end", cases: done }
      : { kind: "failure", text: `No target is named ${only}` },
  );
}

/** Runs the cases of one target; returns how many there were. */
async function runTarget(target: Target, seed: number, numRuns: number): Promise<number> {
  const { name } = target;
  const startedAt = now();
  let started = 0;
  const property = target.createProperty((value) => {
    if (started++ % PROGRESS_EVERY > 0) return;
    thread.postMessage({ kind: "progress", text: `${name}, case ${started}: ${show(value)}` });
  });
  const details = await fc.check(property, { seed, numRuns });
  if (details.failed) {
    const { message = "", stack = "", cause } = Object(details.errorInstance) as Error;
    const shown = [
      `${name}: ${message}`,
      cause
        ? `Cause: ${(cause as Error).stack ?? cause}`
        : stack.split("\n").slice(1, 4).join("\n"),
      `The smallest case found, after ${details.numShrinks} steps: ${show(details.counterexample)}`,
    ];
    thread.postMessage({ kind: "failure", text: shown.join("\n") });
    await new Promise(() => {}); // the main thread ends the process
  }
  const seconds = ((now() - startedAt) / 1e3).toFixed(1);
  const text = `${name.padEnd(10)} ${String(details.numRuns).padStart(6)} cases in ${seconds} s`;
  thread.postMessage({ kind: "target", text });
  return details.numRuns;
}

/** A case as text. Of an operation the name is enough, and bytes are shown as text. */
function show(value: unknown): string {
  const decoder = new TextDecoder();
  const text = JSON.stringify(value, (key, inner) => {
    if (key === "operation") return inner.name;
    return inner instanceof Uint8Array ? decoder.decode(inner) : inner;
  });
  return (text ?? "").replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<token>").slice(0, MAX_SHOWN_CHARS);
}

// The order is the name of the thread: a message could arrive before the modules are loaded.
await run(JSON.parse(thread.name));
