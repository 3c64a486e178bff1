/** Finds the functions in `functions/` and routes requests to them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { EdgeFunction } from "../shared/http/handler.ts";
import type { Environment } from "../shared/settings.ts";
import { collapseSlashes, splitRequestUrl } from "../shared/url_paths.ts";
import { type App, openApp } from "./app.ts";

/** The exports of a function's `index.ts`. */
export interface FunctionModule {
  default: EdgeFunction;
  /** Further slugs under which the function is served and deployed. */
  aliases?: string[];
}

/**
 * Returns the slugs of an app's functions, sorted: the folders that have an `index.ts`. Other folders
 * may hold code that functions share.
 *
 * @throws {Error} when the app has no function. The message says how to add one.
 */
export function listSlugs(app: App = openApp()): string[] {
  const { functionsFolder } = app;
  const slugs = existsSync(functionsFolder)
    ? [...Deno.readDirSync(functionsFolder)].map(({ name }) => name)
      .filter((name) => existsSync(toModulePath(app, name))).sort()
    : [];
  if (slugs.length > 0) return slugs;
  throw new Error(
    `${functionsFolder} has no function; "npx insforge-ai add chat" adds one that is ready`,
  );
}

/** Loads one function. */
export async function loadFunction(slug: string, app: App = openApp()): Promise<FunctionModule> {
  const path = toModulePath(app, slug);
  const module = await import(pathToFileURL(path).href);
  if (typeof module.default === "function") return module;
  throw new Error(`${path} must export a function as its default export`);
}

/** Loads every function, by slug and by alias. A folder has precedence over an alias. */
export async function loadFunctions(app: App = openApp()): Promise<Map<string, EdgeFunction>> {
  const slugs = listSlugs(app);
  const functions = new Map<string, EdgeFunction>();
  for (const slug of slugs) {
    const { default: handler, aliases = [] } = await loadFunction(slug, app);
    functions.set(slug, handler);
    for (const alias of aliases) if (!slugs.includes(alias)) functions.set(alias, handler);
  }
  return functions;
}

function toModulePath({ functionsFolder }: App, slug: string): string {
  return join(functionsFolder, slug, "index.ts");
}

/**
 * Creates a router that behaves like InsForge's cloud router: the first path segment is the slug, and
 * it is removed when a sub-path follows (`/chat` reaches the function as `/chat`, `/chat/x` as `/x`).
 * `/functions/<slug>`, the form of URL that a self-hosted project has, works as well. Repeated slashes
 * count as one. `GET /` and `GET /health` answer for the server itself.
 */
export function createRouter(
  functions: Map<string, EdgeFunction>,
  environment: Environment,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { path: given } = splitRequestUrl(request.url);
    const direct = functions.get(given.slice(1));
    if (direct) return await direct(request, environment);
    const path = collapseSlashes(given);
    if (path === "/" || path === "/health") return toHealthResponse(request);
    const [, slug = "", rest = "/"] = /^(?:\/functions)?\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const handler = functions.get(slug);
    if (!handler) return Response.json({ error: "Function not found" }, { status: 404 });
    const stripped = rest === "/" ? `/${slug}` : rest;
    if (stripped === given) return await handler(request, environment);
    const url = new URL(request.url);
    url.pathname = stripped;
    return await handler(new Request(url, request), environment);
  };
}

function toHealthResponse({ method }: Request): Response {
  if (method === "GET" || method === "HEAD") return Response.json({ status: "ok" });
  return Response.json({ error: "Method not allowed" }, {
    status: 405,
    headers: { Allow: "GET, HEAD" },
  });
}
