/** Deployed functions as self-hosted InsForge runs them: its worker runtime, in a separate process. */

import { fileURLToPath } from "node:url";
import { pinPackage } from "../../../build/packages.ts";
import type { WorkerOrder } from "../../runtimes/worker.ts";
import type { FunctionHost, FunctionProject } from "./host.ts";

const PROGRAM = fileURLToPath(new URL("../../runtimes/worker.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../runtimes/", import.meta.url));

/** A runtime process that serves one version of the functions. */
interface Runtime {
  url: string;
  /** Settles when the process has ended, for whatever reason. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs functions in a copy of InsForge's self-hosted worker runtime, on the current Deno.
 *
 * The process starts with the first call after a deployment. Calls in flight at a deployment finish
 * on the old code. An error that no function catches ends the process, as on InsForge: calls in
 * flight fail, and calls fail until the process has restarted, which begins at once.
 *
 * Needs `--allow-run` for the running Deno.
 *
 * @param options.timeoutMs how long a call may take: InsForge's 60,000 unless given.
 */
export function createWorkerHost({ timeoutMs }: { timeoutMs?: number } = {}): FunctionHost {
  let project: FunctionProject = { functions: {}, secrets: {} };
  let current: Promise<Runtime> | undefined;
  let isRestarting = false;
  const calls = new Set<Promise<unknown>>();
  const retiring = new Set<Promise<unknown>>();

  /** Starts the runtime, and starts it again when its process ends before it is retired. */
  function start(): Promise<Runtime> {
    const starting = startRuntime(project, timeoutMs);
    current = starting;
    const isCurrent = () => current === starting;
    starting.then(async ({ ended }) => {
      if (isCurrent()) isRestarting = false;
      await ended;
      if (!isCurrent()) return;
      console.error("The functions runtime ended because of an uncaught error; it restarts");
      isRestarting = true;
      start();
    }).catch(() => {
      // The next call tries again.
      if (isCurrent()) [current, isRestarting] = [undefined, false];
    });
    return starting;
  }

  function retire(): void {
    const old = current;
    [current, isRestarting] = [undefined, false];
    if (!old) return;
    const stopped = Promise.allSettled(calls).then(async () => await (await old).stop());
    const retired = stopped.catch(() => {}).finally(() => retiring.delete(retired));
    retiring.add(retired);
  }

  return {
    url: () => null,
    deploy: (changed) => {
      project = changed;
      retire();
      return Promise.resolve(null);
    },
    run: (slug, request) => {
      if (isRestarting) return Promise.reject(new Error("connect ECONNREFUSED"));
      const call = (current ?? start()).then(({ url }) => {
        const { search } = new URL(request.url);
        return fetch(new Request(`${url}/${slug}${search}`, request));
      });
      calls.add(call);
      call.catch(() => {}).finally(() => calls.delete(call));
      return call;
    },
    close: async () => {
      retire();
      await Promise.all(retiring);
    },
  };
}

async function startRuntime(
  { functions, secrets }: FunctionProject,
  timeoutMs: number | undefined,
): Promise<Runtime> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-check"],
      ...["--unstable-worker-options", "--allow-net", "--allow-env", `--allow-read=${FOLDER}`],
      PROGRAM,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const order: WorkerOrder = {
    scripts: functions,
    secrets,
    sdk: pinPackage("@insforge/sdk"),
    timeoutMs,
  };
  const input = process.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(order) + "\n"));
  const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: url } = await output.read();
  if (!url) throw new Error("The functions runtime did not start");
  const closeInput = () => input.close().catch(() => {}); // it may be closed already
  const ended = Promise.all([process.status, forwardLog(output)]).then(closeInput);
  return {
    url: url.trim(),
    ended,
    stop: async () => {
      await closeInput();
      await ended;
    },
  };
}

/** Prints what the functions log. */
async function forwardLog(output: ReadableStreamDefaultReader<string>): Promise<void> {
  for (;;) {
    const { value, done } = await output.read();
    if (done) return;
    console.log(value.trimEnd());
  }
}
