/// <reference lib="deno.unstable" />
/**
 * InsForge's self-hosted function runtime, as far as a function can tell: one path segment, a fresh
 * worker per request, text in and text out, nothing streamed. A program; it runs on Deno 2.0.6, the
 * version in InsForge's image, and on today's. Written from InsForge's documented behaviour.
 */
import { readOrder, reportAddress } from "./parent.ts";

/** What the program is told on its standard input. */
export interface WorkerOrder {
  /** Scripts by slug. */
  scripts: Record<string, string>;
  secrets: Record<string, string>;
  /** The package whose `createClient` every script is given. */
  sdk: string;
}

const TIMEOUT_MS = 60_000;
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
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: reportAddress }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return Response.json({ status: "ok", runtime: "deno" });
  const [, slug] = /^\/([\w-]+)$/.exec(pathname) ?? [];
  if (slug === undefined) return new Response("Not Found", { status: 404 });
  const code = order.scripts[slug];
  if (code === undefined) return refuse(404, "Function not found or not active");
  return await runInWorker(code, request);
});

async function runInWorker(code: string, request: Request): Promise<Response> {
  const { url, method } = request;
  const body = request.body ? await request.text() : null;
  const headers = Object.fromEntries(request.headers);
  const worker = new Worker(SCOPE, { type: "module", deno: { permissions: PERMISSIONS } });
  const answer = Promise.withResolvers<Response>();
  const timeout = setTimeout(
    () => answer.resolve(refuse(504, "Function timeout")),
    TIMEOUT_MS,
  );
  worker.onmessage = ({ data: { error, status, statusText, headers, body } }) =>
    answer.resolve(
      error === undefined
        ? new Response(body, { status, statusText, headers })
        : refuse(status, error),
    );
  worker.onerror = (event) => {
    event.preventDefault();
    answer.resolve(refuse(500, "Worker execution error"));
  };
  const { secrets, sdk } = order;
  worker.postMessage({ code, request: { url, method, headers, body }, secrets, sdk });
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timeout);
    worker.terminate();
  }
}

function refuse(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
