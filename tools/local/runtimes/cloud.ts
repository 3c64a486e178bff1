/**
 * A copy of InsForge cloud's function host, as far as a function can tell: all functions of a project
 * in one process behind one router, secrets as environment variables, responses streamed. This is a
 * program. It is written from InsForge's documented behaviour.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { readOrder, reportUrl } from "./parent.ts";

/** What the program reads from its standard input. Secrets come with its environment. */
export interface CloudOrder {
  /** The URLs of the functions' modules, by slug. */
  modules: Record<string, string>;
}

type Handler = (request: Request) => Response | Promise<Response>;

const MAX_DEPTH = 8;
const depth = new AsyncLocalStorage<number>();

const { modules } = await readOrder<CloudOrder>();
const routes = new Map<string, Handler>();
for (const [slug, url] of Object.entries(modules)) {
  routes.set(slug, (await import(url)).default);
}

// InsForge's SDK calls other functions of the project through this global, without the network.
Object.assign(globalThis, { __insforge_dispatch__: dispatch });
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: reportUrl }, dispatch);

function dispatch(request: Request): Promise<Response> {
  const calls = depth.getStore() ?? 0;
  if (calls < MAX_DEPTH) return depth.run(calls + 1, () => route(request));
  const message = `Function call depth exceeded ${MAX_DEPTH}. Possible recursive invocation.`;
  return Promise.resolve(Response.json({ error: "Loop Detected", message }, { status: 508 }));
}

async function route(request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (url.pathname === "/" || url.pathname === "/health") {
    return Response.json({
      status: "ok",
      type: "insforge-functions",
      timestamp: new Date().toISOString(),
    });
  }
  const [slug = "", ...rest] = url.pathname.split("/").filter(Boolean);
  const handler = routes.get(slug);
  if (!handler) return Response.json({ error: "Function not found" }, { status: 404 });
  if (rest.length > 0) url.pathname = `/${rest.join("/")}`;
  try {
    return await handler(rest.length > 0 ? new Request(url, request) : request);
  } catch (error) {
    const message = (error as Error).message;
    return Response.json({ error: "Function execution failed", message }, { status: 500 });
  }
}
