/** OAuth with PKCE: the page on which a user gives an app a key, and the exchange of the code. */
import { type Context, Hono } from "hono";
import { html } from "hono/html";
import { Refusal } from "./refusal.ts";
import type { Env, World } from "./world.ts";

/** Creates the pages `/auth` and `/keys/<hash>`, at the root. */
export function createOAuthPages({ oauthKeys }: World): Hono<Env> {
  const pages = new Hono<Env>();

  pages.get("/auth", (c) => {
    const { callback, ...grant } = readQuestion(c);
    if (!callback) {
      return c.html(page(html`<p>Your code: <code>${oauthKeys.createCode(grant)}</code>`));
    }
    return c.html(page(html`
      <p><b>${callback.host}</b> asks for a key. Your account will pay for its use.
      <form method="post"><button>Authorize</button></form>
    `));
  });

  // The button on the page sends this. Tests send it directly.
  pages.post("/auth", (c) => {
    const { callback, ...grant } = readQuestion(c);
    if (!callback) throw new Refusal(400, "Missing callback_url");
    callback.searchParams.set("code", oauthKeys.createCode(grant));
    return c.redirect(callback.href, 303);
  });

  pages.get("/keys/:hash", (c) => {
    if (!oauthKeys.find(c.req.param("hash"))) throw new Refusal(404, "Not Found");
    return c.html(page(html`
      <p>You gave this key to an app.
      <form method="post"><button>Delete</button></form>
    `));
  });

  pages.post("/keys/:hash", (c) => {
    const key = oauthKeys.find(c.req.param("hash"));
    if (!key) throw new Refusal(404, "Not Found");
    oauthKeys.delete(key);
    return c.html(page(html`<p>The key is deleted.`));
  });

  return pages;
}

/** Creates the route `/auth/keys`, which needs no key. */
export function createOAuthRoutes({ oauthKeys }: World): Hono<Env> {
  const routes = new Hono<Env>();
  routes.post("/auth/keys", (c) => {
    const { code, code_verifier, code_challenge_method } = Object(c.env.received.body);
    const key = oauthKeys.exchange(code, code_verifier, code_challenge_method);
    return c.json({ key, user_id: "user_of_the_browser" });
  });
  routes.all("/auth/keys", () => {
    throw new Refusal(405, "Method Not Allowed");
  });
  return routes;
}

function readQuestion(c: Context<Env>) {
  const { callback_url, code_challenge: challenge, code_challenge_method } = c.req.query();
  const method = challenge === undefined ? undefined : code_challenge_method;
  if (challenge !== undefined && method !== "S256" && method !== "plain") {
    throw new Refusal(400, "Invalid code_challenge_method");
  }
  if (callback_url === undefined) {
    if (challenge === undefined) throw new Refusal(400, "Missing code_challenge");
    return { challenge, method };
  }
  const callback = URL.parse(callback_url);
  const isLocal = /^(localhost|127\.0\.0\.1)$/.test(callback?.hostname ?? "");
  if (callback?.protocol !== "https:" && !(callback?.protocol === "http:" && isLocal)) {
    throw new Refusal(400, "Invalid callback_url");
  }
  return { callback, challenge, method };
}

function page(content: ReturnType<typeof html>) {
  return html`<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>Simulated OpenRouter</title>
<style>
  body { font: 1.1em/1.5 system-ui; max-width: 30em; margin: 4em auto; padding: 0 1em }
  button { font: inherit; padding: .4em 1.2em }
</style>
<h1>Simulated OpenRouter</h1>
${content}
</html>`;
}
