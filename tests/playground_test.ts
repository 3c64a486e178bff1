/** The server of the playground: its headers, its weight, and the hosts it loads from. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openApp } from "../tools/app.ts";
import { createPages } from "../tools/local/pages.ts";
import { type Asset, crawl } from "./playground/crawl.ts";

const MAX_PAGE_BYTES = 150_000;
const SETUP = {
  insforgeUrl: "http://127.0.0.1:7130",
  isSimulated: true,
  demoUsers: [{ name: "Demo", email: "demo@example.com", password: "demo-password" }],
  slugs: ["chat"],
};
const pages = createPages(SETUP, {
  app: openApp(),
  next: (request) => new Response(`functions: ${request.url}`),
});

async function get(path: string, init?: RequestInit): Promise<Response> {
  return await pages(new Request(`http://127.0.0.1:8000${path}`, init));
}

const assets: Asset[] = await crawl((path) => get(path));

Deno.test("serves the page under a Content-Security-Policy for its own files only", async () => {
  const response = await get("/");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("Content-Type"), "text/html; charset=utf-8");
  assertEquals(
    response.headers.get("Content-Security-Policy"),
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
      "connect-src 'self' http://127.0.0.1:7130; base-uri 'none'; form-action 'none'; " +
      "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
  assertEquals(response.headers.get("X-Content-Type-Options"), "nosniff");
  assertEquals(response.headers.get("Referrer-Policy"), "no-referrer");
  await response.body?.cancel();
});

Deno.test("serves every file that the page loads, with its type and the same policy", () => {
  for (const { path, status, type, headers } of assets) {
    assertEquals(status, 200, path);
    const expected = /\.(ts|js)$/.test(path)
      ? "text/javascript"
      : /\.css$/.test(path)
      ? "text/css"
      : /\.svg$/.test(path)
      ? "image/svg+xml"
      : "text/html";
    assertStringIncludes(type, expected);
    assertStringIncludes(headers.get("Content-Security-Policy") ?? "", "default-src 'none'");
    assertEquals(headers.get("X-Content-Type-Options"), "nosniff");
  }
  const paths = assets.map(({ path }) => path);
  for (
    const path of ["/client/mod.ts", "/client/playground/main.ts", "/client/packages/marked.js"]
  ) {
    assert(paths.includes(path), `${path} is not loaded`);
  }
});

Deno.test("loads nothing from other hosts, and has no inline script or style", () => {
  for (const { path, loads, text } of assets) {
    for (const target of loads) assertMatch(target, /^\/(?!\/)/, `${path} loads ${target}`);
    if (!path.endsWith(".css")) continue;
    assert(!/@import|url\(/.test(text), path);
  }
  const { text } = assets[0]!;
  assert(!/<style|\sstyle=|\son\w+=|javascript:/.test(text), "something inline");
  assert(!/<script(?![^>]*\ssrc=)/.test(text), "an inline script");
});

Deno.test("weighs at most 150 KB", () => {
  const bytes = assets.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length, 0);
  assert(bytes <= MAX_PAGE_BYTES, `${bytes} bytes`);
});

Deno.test("has no types in its scripts, and no way from text to HTML or code", () => {
  for (
    const { path, text } of assets.filter(({ path }) => path.startsWith("/client/playground/"))
  ) {
    if (!path.endsWith(".ts")) continue;
    assert(!/^(export )?(interface|type) /m.test(text), path);
    assert(
      !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|\beval\b|new Function/
        .test(text),
      path,
    );
  }
});

Deno.test("GET /playground.json returns the setup and nothing else", async () => {
  const response = await get("/playground.json");
  assertEquals(await response.json(), SETUP);
});

Deno.test("responds with 304 when a file has not changed", async () => {
  for (const path of ["/", "/client/mod.ts"]) {
    const first = await get(path);
    await first.body?.cancel();
    const headers = { "If-None-Match": first.headers.get("ETag")! };
    const second = await get(path, { headers });
    assertEquals([second.status, await second.text()], [304, ""]);
    assertEquals(first.headers.get("Cache-Control"), "no-cache");
  }
});

Deno.test("responds to HEAD without a body", async () => {
  const response = await get("/", { method: "HEAD" });
  assertEquals([response.status, await response.text()], [200, ""]);
});

Deno.test("serves no file outside of client/ and its packages", async () => {
  for (
    const path of [
      "/client/",
      "/client/playground",
      "/client/nothing.ts",
      "/client/playground/main.js",
      "/client/../deno.json",
      "/client/%2e%2e/deno.json",
      "/client/..%2fdeno.json",
      "/client/..%2f..%2fetc/passwd",
      "/client/%2e%2e%2ftools%2fserve.ts",
      "/client/playground/..%5c..%5cdeno.json",
      "/client//etc/passwd",
      "/client/packages/zod.js",
      "/client/packages/constructor.js",
      "/client/packages/..%2fmarked.js",
      "/client/mod.ts%00.css",
    ]
  ) {
    const response = await get(path);
    const text = await response.text();
    // What leaves the folder before it gets here is the functions' to answer.
    assert(response.status === 404 || text.startsWith("functions: "), `${path}: ${text}`);
  }
});

Deno.test("passes every other request to the functions", async () => {
  const requests = [["POST", "/chat"], ["GET", "/health"], ["GET", "/v1/models?x=1"]] as const;
  for (const [method, path] of requests) {
    const response = await get(path, { method });
    assertEquals(await response.text(), `functions: http://127.0.0.1:8000${path}`);
    assertEquals(response.headers.get("Content-Security-Policy"), null);
  }
  assertEquals(
    await (await get("/", { method: "POST" })).text(),
    "functions: http://127.0.0.1:8000/",
  );
});
