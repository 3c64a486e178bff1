/** Videos on their way from OpenRouter, which a server in this process plays. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "../../../shared/errors.ts";
import { createSettings } from "../../../shared/settings.ts";
import { openContent, type VideoContent } from "../../../shared/videos/content.ts";
import { createEnvironment } from "../../support/caller.ts";
import { createFinishedRow, createRow } from "./row.ts";

const VIDEO = { "Content-Type": "video/mp4" };

Deno.test("the key is not sent to the host that OpenRouter redirects to", async () => {
  await using storage = serve(() => new Response("film", { headers: VIDEO }));
  await using server = serve(() => Response.redirect(`${storage.url}/film.mp4`, 302));
  assertEquals(await readAll(await open(server.url)), "film");
  assertEquals(server.requests[0]!.path, "/api/v1/videos/gen-vid-1/content");
  assert(server.requests[0]!.headers.get("authorization")!.startsWith("Bearer sk-or-"));
  assertEquals(storage.requests[0]!.headers.get("authorization"), null);
});

Deno.test("a redirect that does not end is a 502", async () => {
  await using server = serve((request) => Response.redirect(request.url, 302));
  await assertFails(open(server.url), 502, "AI_UPSTREAM_UNAVAILABLE");
  assertEquals(server.requests.length, 4);
});

for (
  const [title, response, status, code] of [
    ["a 404", () => new Response("{}", { status: 404 }), 404, "NOT_FOUND"],
    ["a page", () => new Response("<html>", { headers: { "Content-Type": "text/html" } }), 502, ""],
    ["a 500", () => new Response("", { status: 500 }), 502, "AI_UPSTREAM_UNAVAILABLE"],
  ] as [string, () => Response, number, string][]
) {
  Deno.test(`returns ${status} when OpenRouter responds with ${title}`, async () => {
    await using server = serve(response);
    await assertFails(open(server.url), status, code || "AI_UPSTREAM_UNAVAILABLE");
  });
}

Deno.test("returns 502 when OpenRouter cannot be reached", async () => {
  await assertFails(open("http://127.0.0.1:9"), 502, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("rejects when the connection breaks in the middle", async () => {
  await using server = serve(() => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        setTimeout(() => controller.error(Object.assign(new Error("cut"), { stack: "cut" })));
      },
    });
    return new Response(body, { headers: { ...VIDEO, "Content-Length": "20" } });
  });
  const content = await open(server.url);
  await assertFails(readAll(content), 502, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("rejects when nothing arrives for the time of the watchdog", async () => {
  await using server = serve(() => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(9)),
    });
    return new Response(body, { headers: VIDEO });
  });
  const content = await open(server.url, { STREAM_IDLE_WATCHDOG_MS: "1000" });
  await assertFails(readAll(content), 504, "AI_UPSTREAM_UNAVAILABLE");
});

Deno.test("cancelling closes the connection to OpenRouter", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using server = serve(() => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(9)),
      cancel: () => cancelled.resolve(),
    });
    return new Response(body, { headers: VIDEO });
  });
  const { source } = await open(server.url);
  await source.read();
  await source.cancel();
  await cancelled.promise;
});

Deno.test("returns 400 for a video that is not finished or does not exist", async () => {
  const settings = createSettings(createEnvironment());
  const opening = { settings, index: 1, signal: new AbortController().signal };
  await assertFails(openContent(createRow(), opening), 400, "INVALID_INPUT");
  await assertFails(openContent(createRow({ status: "failed" }), opening), 400, "INVALID_INPUT");
  await assertFails(openContent(createFinishedRow(), opening), 400, "INVALID_INPUT");
});

function open(url: string, values: Record<string, string> = {}): Promise<VideoContent> {
  const environment = createEnvironment({ OPENROUTER_BASE_URL: `${url}/api/v1`, ...values });
  const { signal } = new AbortController();
  const settings = createSettings(environment);
  return openContent(createFinishedRow(), { settings, index: 0, signal });
}

async function readAll({ source }: VideoContent): Promise<string> {
  let text = "";
  for (let bytes = await source.read(); bytes; bytes = await source.read()) {
    text += new TextDecoder().decode(bytes);
  }
  return text;
}

async function assertFails(promise: Promise<unknown>, status: number, code: string) {
  const error = await assertRejects(() => promise, ApiError);
  assertEquals([error.status, error.code as string], [status, code], error.message);
}

function serve(respond: (request: Request) => Response) {
  const requests: { path: string; headers: Headers }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { url, headers } = request;
    requests.push({ path: new URL(url).pathname, headers: new Headers(headers) });
    return respond(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
