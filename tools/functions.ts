/** The functions of this package, found by listing `functions/`, and the router that serves them. */
import type { EdgeFunction } from "../shared/http/app.ts";
import type { Environment } from "../shared/settings.ts";

const FOLDER = new URL("../functions/", import.meta.url);

/** What a function's `index.ts` exports. */
export interface FunctionModule {
  default: EdgeFunction;
  /** Further slugs under which the function is served and deployed. */
  aliases?: string[];
}

/** The slugs of all functions, sorted: one per folder. */
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
 * Routes as InsForge's cloud router does: the first segment is the slug, and it is stripped when a
 * sub-path follows (`/chat` reaches the function as `/chat`, `/chat/x` as `/x`). The project's own
 * form of address, `/functions/<slug>`, works as well. `GET /` and `GET /health` answer for the host.
 */
export function createRouter(
  functions: Map<string, EdgeFunction>,
  environment: Environment,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    const [, slug, rest] = /^(?:\/functions)?\/([^/]*)(\/.*)?$/.exec(url.pathname) ?? [];
    if (slug === "" || slug === "health") return Response.json({ status: "ok" });
    const handler = functions.get(slug);
    if (!handler) return Response.json({ error: "Function not found" }, { status: 404 });
    const path = rest && rest !== "/" ? rest : `/${slug}`;
    if (path === url.pathname) return await handler(request, environment);
    url.pathname = path;
    return await handler(new Request(url, request), environment);
  };
}
