/** The pages of `deno task serve`. The playground at `/` consists of the files in `client/`. */
import { Hono } from "hono";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import type { Setup } from "../../client/playground/setup.ts";
import type { App } from "../app.ts";
import { createReferencePages } from "../reference/pages.ts";
import { formatDocument, readReference } from "../reference/published.ts";
import { readAsset } from "./pages/assets.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** What the pages are served with. */
interface PageOptions {
  app: App;
  next: Handler;
}

const INDEX = "client/playground/index.html";

/**
 * Serves the pages in front of the functions.
 *
 * `GET /` is the playground, `/client/*` are its modules and styles, `/playground.json` is its
 * configuration, and `/docs` is the API reference. Files are read for every request, so that a change
 * is visible after a reload.
 *
 * @param options.app the app whose functions the API reference describes.
 * @param options.next answers all other requests.
 */
export function createPages(setup: Setup, { app, next }: PageOptions): Handler {
  const pages = new Hono();
  const reference = createReferencePages(async () =>
    formatDocument((await readReference(app)).document)
  );
  const guards = [createHeaders(setup), etag()] as const;

  pages.get("/", ...guards, () => readAsset(INDEX));
  pages.get("/playground.json", ...guards, (c) => c.json(setup));
  pages.get("/client/*", ...guards, (c) => readAsset(c.req.path.slice(1)));
  pages.all("*", async (c) => await reference(c.req.raw) ?? await next(c.req.raw));
  return (request) => pages.fetch(request);
}

/**
 * The page displays what models write. So it may execute only its own files, load nothing from other
 * hosts, and call only the functions and InsForge. Trusted Types without a policy make sure that no
 * script parses text as HTML.
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
    // Other servers of this machine share the host name, so the page must not force HTTPS on it.
    strictTransportSecurity: false,
  });
}
