import { assertEquals } from "@std/assert";
import { toFunctionUrl } from "../../../shared/http/function_url.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment } from "../../support/caller.ts";

const WORKER = { env: {} };
const INSFORGE_BASE_URL = "https://app.insforge.test";
const path = "1/content";

function urlOf(url: string, headers = {}, runtime?: object, query?: Record<string, string>) {
  const settings = createSettings(createEnvironment({ INSFORGE_BASE_URL }));
  const call = { request: new Request(url, { headers }), slug: "video-gen", settings };
  return toFunctionUrl(call, { path, query }, runtime);
}

Deno.test("the URL has the host that the caller used, whether or not the slug was removed", () => {
  for (const url of ["https://fn.test/video-gen?x=1", "https://fn.test/", "https://fn.test/1"]) {
    assertEquals(urlOf(url), "https://fn.test/video-gen/1/content");
  }
});

Deno.test("the URL begins with https when a proxy ended TLS", () => {
  const headers = { "X-Forwarded-Proto": "https" };
  assertEquals(urlOf("http://fn.test/", headers), "https://fn.test/video-gen/1/content");
});

Deno.test("the URL has a query when one is given", () => {
  const url = urlOf("https://fn.test/", {}, undefined, { index: "1" });
  assertEquals(url, "https://fn.test/video-gen/1/content?index=1");
});

Deno.test("on self-hosted InsForge the URL leads through the project's URL", () => {
  assertEquals(
    urlOf("http://deno:7133/video-gen", {}, WORKER, { index: "1" }),
    "https://app.insforge.test/functions/video-gen?route=1%2Fcontent&index=1",
  );
});
