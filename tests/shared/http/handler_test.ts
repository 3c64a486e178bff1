import { assertEquals } from "@std/assert";
import { createPostHandler, noRoute, toRoutePath } from "../../../shared/http/handler.ts";
import { createEnvironment, send } from "../../support/caller.ts";

const handler = createPostHandler("probe", ({ slug }) => Promise.resolve(Response.json({ slug })));

async function call(path: string, method: string) {
  const body = method === "POST" ? {} : undefined;
  const answer = await send(handler, createEnvironment(), body, { path, method });
  return [answer.status, answer.headers.get("allow")];
}

Deno.test("a handler with one route serves POST to the function itself, under each of its paths", async () => {
  assertEquals(handler.routes, [{ method: "POST", path: "/" }]);
  for (const path of ["/probe", "/probe/", "//probe", "/", "/probe?route=/"]) {
    assertEquals(await call(path, "POST"), [200, null], path);
  }
});

Deno.test("a handler with one route responds with 405 to other methods, and 404 to other paths", async () => {
  for (const method of ["GET", "PUT", "DELETE"]) {
    assertEquals(await call("/probe", method), [405, "POST, OPTIONS"], method);
    assertEquals(await call("/probe/deep", method), [404, null], method);
  }
  assertEquals(await call("/probe?route=deep", "POST"), [404, null]);
  assertEquals(await call("/probe", "OPTIONS"), [204, null]);
});

Deno.test("noRoute names the path, or what is allowed there", () => {
  const get = { method: "GET", path: "/a" };
  assertEquals(noRoute("x", { ...get, methods: [] }).message, 'The function "x" has no path /a');
  const { message } = noRoute("x", { ...get, methods: ["POST"] });
  assertEquals(message, "GET is not allowed here; use POST, OPTIONS");
});

Deno.test("toRoutePath finds the path below the function, whatever the platform has removed", () => {
  for (const url of ["/v1/models", "/models", "/v1?route=models", "/v1//models/"]) {
    assertEquals(toRoutePath("v1", `https://host.test${url}`), "/models", url);
  }
});
