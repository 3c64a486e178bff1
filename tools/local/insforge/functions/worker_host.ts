/** Deployed functions as self-hosted InsForge runs them: its worker, in a process of its own. */

import { fileURLToPath } from "node:url";
import { pinPackage } from "../../../build/packages.ts";
import type { WorkerOrder } from "../../runtimes/worker.ts";
import type { FunctionHost, FunctionProject } from "./host.ts";

const PROGRAM = fileURLToPath(new URL("../../runtimes/worker.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../runtimes/", import.meta.url));

/** A running worker process. */
interface Running {
  url: string;
  stop(): Promise<void>;
}

/**
 * Runs functions in the self-hosted worker, on this Deno. The process starts with the first call
 * after a change, so that deploying starts none; calls under way when code changes still end.
 *
 * Needs `--allow-run` for the running Deno.
 */
export function createWorkerHost(): FunctionHost {
  let project: FunctionProject = { functions: {}, secrets: {} };
  let running: Promise<Running> | undefined;
  const calls = new Set<Promise<unknown>>();
  const ending = new Set<Promise<unknown>>();

  function retire(): void {
    const old = running;
    running = undefined;
    if (!old) return;
    const end = Promise.allSettled(calls).then(async () => await (await old).stop());
    const ended = end.catch(() => {}).finally(() => ending.delete(ended));
    ending.add(ended);
  }

  return {
    url: () => null,
    deploy: (changed) => {
      project = changed;
      retire();
      return Promise.resolve(null);
    },
    run: (slug, request) => {
      running ??= startWorker(project);
      const call = running.then(({ url }) => {
        const { search } = new URL(request.url);
        return fetch(new Request(`${url}/${slug}${search}`, request));
      });
      calls.add(call);
      // A process that did not start is tried again by the next call.
      call.catch(() => running = undefined).finally(() => calls.delete(call));
      return call;
    },
    close: async () => {
      retire();
      await Promise.all(ending);
    },
  };
}

async function startWorker({ functions, secrets }: FunctionProject): Promise<Running> {
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
  const order: WorkerOrder = { scripts: functions, secrets, sdk: pinPackage("@insforge/sdk") };
  const input = process.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(order) + "\n"));
  const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: address } = await output.read();
  if (!address) throw new Error("The worker did not start");
  const relayed = relay(output);
  return {
    url: address.trim(),
    stop: async () => {
      await input.close();
      await Promise.all([process.status, relayed]);
    },
  };
}

/** Passes on what the functions log. */
async function relay(output: ReadableStreamDefaultReader<string>): Promise<void> {
  for (;;) {
    const { value, done } = await output.read();
    if (done) return;
    console.log(value.trimEnd());
  }
}
