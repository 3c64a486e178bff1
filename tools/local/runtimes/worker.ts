/// <reference lib="deno.unstable" />
/**
 * A copy of InsForge's self-hosted function runtime, as far as a function can tell: one path segment,
 * a fresh worker per request, text in and text out, nothing streamed. It fails like the original,
 * too: an error that no function catches ends the process for every caller. This is a program. It
 * runs on Deno 2.0.6, the release in InsForge's image, and on the current one. It is written from
 * InsForge's documented behaviour.
 */
import { readOrder, reportUrl } from "./parent.ts";

/** What the program reads from its standard input. */
export interface WorkerOrder {
  /** The code of the functions, by slug. */
  scripts: Record<string, string>;
  secrets: Record<string, string>;
  /** The package whose `createClient` is passed to every script. */
  sdk: string;
  /** How long a request may take, in milliseconds: 60,000 unless given. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** How long the process lives on after an error that no function caught. */
const DEATH_DELAY_MS = 20;
const SCOPE = new URL("worker_scope.js", import.meta.url);
const PERMISSIONS: Deno.PermissionOptions = {
  net: true,
  env: false,
  read: false,
  write: false,
  run: false,
  ffi: false,
  sys: false,
};

const order = await readOrder<WorkerOrder>();
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: reportUrl }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return Response.json({ status: "ok", runtime: "deno" });
  const [, slug] = /^\/([\w-]+)$/.exec(pathname) ?? [];
  if (slug === undefined) return new Response("Not Found", { status: 404 });
  const code = order.scripts[slug];
  if (code === undefined) return errorResponse(404, "Function not found or not active");
  return await runInWorker(code, request);
});

async function runInWorker(code: string, request: Request): Promise<Response> {
  const { url, method } = request;
  const body = request.body ? await request.text() : null;
  const headers = Object.fromEntries(request.headers);
  const worker = new Worker(SCOPE, { type: "module", deno: { permissions: PERMISSIONS } });
  const answer = Promise.withResolvers<Response>();
  const { secrets, sdk, timeoutMs = DEFAULT_TIMEOUT_MS } = order;
  const timeout = setTimeout(() => {
    // Terminated at once: no `finally` block and no `unload` listener of the function runs.
    worker.terminate();
    answer.resolve(errorResponse(504, "Function timeout"));
  }, timeoutMs);
  worker.onmessage = ({ data: { error, status, statusText, headers, body } }) =>
    answer.resolve(
      error === undefined
        ? new Response(body, { status, statusText, headers })
        : errorResponse(status, error),
    );
  worker.onerror = (event) => {
    // InsForge does not prevent the default, so Deno ends the process. Here the end is delayed until
    // the response is written: its own caller sees the 500 before everybody loses the process.
    event.preventDefault();
    answer.resolve(errorResponse(500, "Worker execution error"));
    setTimeout(() => {
      throw new Error("Unhandled error in child worker.");
    }, DEATH_DELAY_MS);
  };
  worker.postMessage({ code, request: { url, method, headers, body }, secrets, sdk });
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timeout);
    worker.terminate();
  }
}

function errorResponse(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
