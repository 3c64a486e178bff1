/** The pages of `deno task serve`: the playground at `/`, made of the very files in `client/`. */
import { Hono } from "hono";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import type { Setup } from "../../client/playground/setup.ts";
import { createReferencePages } from "../reference/pages.ts";
import { readAsset } from "./pages/assets.ts";

type Handler = (request: Request) => Response | Promise<Response>;

const INDEX = "client/playground/index.html";

/**
 * Puts the pages in front of the functions.
 *
 * `GET /` is the playground, `/client/*` the modules and styles it loads, `/playground.json` what it
 * has to know of this machine, `/docs` the API reference. Files are read when they are asked for: a
 * change shows on reload.
 *
 * @param next answers everything that is no page.
 */
export function createPages(setup: Setup, next: Handler): Handler {
  const pages = new Hono();
  const reference = createReferencePages();
  const guards = [createHeaders(setup), etag()] as const;

  pages.get("/", ...guards, () => readAsset(INDEX));
  pages.get("/playground.json", ...guards, (c) => c.json(setup));
  pages.get("/client/*", ...guards, (c) => readAsset(c.req.path.slice(1)));
  pages.all("*", async (c) => await reference(c.req.raw) ?? await next(c.req.raw));
  return (request) => pages.fetch(request);
}

/**
 * What a model writes is shown on this page, so the page may run nothing but its own files, load
 * nothing from elsewhere and talk to nobody but the functions and InsForge. No script makes HTML of
 * text: Trusted Types without any policy hold it to that.
 */
function createHeaders({ insforgeUrl }: Setup) {
  const self = ["'self'"];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: self,
      styleSrc: self,
      imgSrc: ["'self'", "data:", "blob:"],
      connectSrc: ["'self'", new URL(insforgeUrl).origin],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ["'none'"],
    },
    referrerPolicy: "no-referrer",
    // One address of this machine serves many things; none of them may bind the browser to https.
    strictTransportSecurity: false,
  });
}
