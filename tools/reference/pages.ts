/**
 * The pages of the API reference, served without any other host.
 * https://github.com/swagger-api/swagger-ui
 */
import { fileURLToPath } from "node:url";
import getSwaggerFolder from "swagger-ui-dist/absolute-path.js";

const PAGE = fileURLToPath(new URL("page/", import.meta.url));

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

const HEADERS = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Serves `/openapi.json` and the paths below `/docs`; returns undefined for all others. */
export type ReferencePages = (request: Request) => Promise<Response | undefined>;

/**
 * Creates the pages: `/docs`, the files it loads, and `/openapi.json`.
 *
 * @param readDocument returns the document of `/openapi.json`.
 */
export function createReferencePages(
  readDocument: () => Promise<string>,
): ReferencePages {
  const folder = getSwaggerFolder();
  const files = new Map([
    ["/docs", [`${PAGE}index.html`, HTML]],
    ["/docs/", [`${PAGE}index.html`, HTML]],
    ["/docs/page.js", [`${PAGE}page.js`, SCRIPT]],
    ["/docs/page.css", [`${PAGE}page.css`, CSS]],
    ["/docs/swagger-ui.css", [`${folder}/swagger-ui.css`, CSS]],
    ["/docs/swagger-ui-bundle.js", [`${folder}/swagger-ui-bundle.js`, SCRIPT]],
  ]);

  return async ({ method, url }) => {
    if (method !== "GET" && method !== "HEAD") return undefined;
    const { pathname } = new URL(url);
    if (pathname === "/openapi.json") return respond(await readDocument(), "application/json");
    const [path, type] = files.get(pathname) ?? [];
    if (path) return respond(await Deno.readFile(path), type!);
    return pathname.startsWith("/docs/") ? new Response("Not found", { status: 404 }) : undefined;
  };
}

function respond(body: BodyInit, type: string): Response {
  return new Response(body, { headers: { ...HEADERS, "Content-Type": type } });
}
