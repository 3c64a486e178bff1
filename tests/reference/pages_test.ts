/** The pages of the API reference. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { createReferencePages } from "../../tools/reference/pages.ts";
import { text } from "./schemas.ts";

const HOST = "http://functions.test";
const pages = createReferencePages(() => Promise.resolve(text));

Deno.test("serves the page and every file that the page loads", async () => {
  const response = await get("/docs");
  assertMatch(response!.headers.get("Content-Type")!, /^text\/html/);
  const html = await response!.text();
  const paths = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  assertEquals(paths.length, 5);
  assertFalse(/https?:/.test(html));
  for (const path of paths) {
    const file = await get(path!);
    assertEquals(file!.status, 200, path);
    const types: Record<string, RegExp> = { js: /javascript/, css: /css/, json: /json/ };
    assertMatch(file!.headers.get("Content-Type")!, types[path!.split(".").at(-1)!]!);
    assert((await file!.bytes()).length > 0);
  }
});

Deno.test("serves the same document that is built", async () => {
  assertEquals(await (await get("/openapi.json"))!.text(), text);
});

Deno.test("allows the page its own scripts and its own server only", async () => {
  for (const path of ["/docs", "/docs/page.js", "/docs/swagger-ui-bundle.js"]) {
    const { headers, body } = (await get(path))!;
    await body!.cancel();
    const policy = new Map(
      headers.get("Content-Security-Policy")!.split("; ").map((rule) => {
        const [name, ...sources] = rule.split(" ");
        return [name, sources.join(" ")];
      }),
    );
    assertEquals(policy.get("default-src"), "'none'");
    assertEquals(policy.get("script-src"), "'self'");
    assertEquals(policy.get("style-src"), "'self'");
    assertEquals(policy.get("connect-src"), "'self'");
    assertEquals(policy.get("frame-ancestors"), "'none'");
    assertEquals(headers.get("X-Content-Type-Options"), "nosniff");
  }
});

Deno.test("returns nothing for other paths, and 404 for unknown files", async () => {
  for (const path of ["/", "/chat", "/docsy", "/openapi.yaml", "/docs/%2e%2e/deno.json"]) {
    assertEquals(await get(path), undefined, path);
  }
  assertEquals(await pages(new Request(`${HOST}/docs`, { method: "POST" })), undefined);
  assertEquals((await get("/docs/nothing.js"))!.status, 404);
});

function get(path: string): Promise<Response | undefined> {
  return pages(new Request(HOST + path));
}
