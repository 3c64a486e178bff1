/** Finds the functions in `functions/` and routes requests to them. */
import type { EdgeFunction } from "../shared/http/app.ts";
import type { Environment } from "../shared/settings.ts";
import { collapseSlashes, splitRequestUrl } from "../shared/url_paths.ts";

const FOLDER = new URL("../functions/", import.meta.url);

/** The exports of a function's `index.ts`. */
export interface FunctionModule {
  default: EdgeFunction;
  /** Further slugs under which the function is served and deployed. */
  aliases?: string[];
}

/** Returns the slugs of all functions, sorted. Each folder is one function. */
export function listSlugs(): string[] {
  const folders = [...Deno.readDirSync(FOLDER)].filter(({ isDirectory }) => isDirectory);
  return folders.map(({ name }) => name).sort();
}

/** Loads one function. */
export function loadFunction(slug: string): Promise<FunctionModule> {
  return import(new URL(`${slug}/index.ts`, FOLDER).href);
}

/** Loads every function, by slug and by alias. */
export async function loadFunctions(): Promise<Map<string, EdgeFunction>> {
  const functions = new Map<string, EdgeFunction>();
  for (const slug of listSlugs()) {
    const { default: handler, aliases = [] } = await loadFunction(slug);
    for (const name of [slug, ...aliases]) functions.set(name, handler);
  }
  return functions;
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
