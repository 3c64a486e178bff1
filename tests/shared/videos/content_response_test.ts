import { assert, assertEquals } from "@std/assert";
import { requireUser } from "../../../shared/auth/user_token.ts";
import { createApp } from "../../../shared/http/app.ts";
import { contentResponse } from "../../../shared/videos/content_response.ts";
import { createEnvironment, createRequest, send } from "../../support/caller.ts";
import { createUpstream } from "../../support/upstream.ts";
import { createFinishedRow, createRow } from "./row.ts";

const { app, handler } = createApp("probe");
app.post("/", async ({ env: call }) => {
  await requireUser(call);
  return await contentResponse(call, createFinishedRow(), 0);
});
app.post("/early", async ({ env: call }) => {
  await requireUser(call);
  return await contentResponse(call, createRow(), 0);
});

const MEGABYTE = 1024 * 1024;

Deno.test("contentResponse passes 50 MB on without holding them in memory", async () => {
  const size = 50 * MEGABYTE;
  const piece = new Uint8Array(64 * 1024);
  let made = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (made >= size) return controller.close();
      made += piece.length;
      controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
  const headers = { "Content-Type": "video/mp4", "Content-Length": String(size) };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(body, { headers }),
  );
  const OPENROUTER_BASE_URL = `http://127.0.0.1:${server.addr.port}`;
  const response = await handler(createRequest({}), createEnvironment({ OPENROUTER_BASE_URL }));
  assertEquals(response.headers.get("content-length"), String(size));
  let read = 0;
  let most = 0;
  for await (const bytes of response.body!) {
    read += bytes.length;
    most = Math.max(most, made - read);
    // Gives the server every chance to go on while nothing is read.
    if (read % MEGABYTE < bytes.length) await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals(read, size);
  // What is in flight: the buffers of the two sockets.
  assert(most < 20 * MEGABYTE, `${most} bytes were in flight`);
});

Deno.test("contentResponse delivers the bytes with their type and length", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ text: "film", headers: { "content-type": "video/mp4", "content-length": "4" } });
  const response = await handler(
    createRequest({}),
    createEnvironment({ OPENROUTER_BASE_URL: upstream.url }),
  );
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "video/mp4");
  assertEquals(response.headers.get("content-length"), "4");
  assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  assertEquals(await response.text(), "film");
});

Deno.test("contentResponse returns 400 for a video that is not finished", async () => {
  const { status, body } = await send(handler, createEnvironment(), {}, { path: "/early" });
  assertEquals([status, body.message], [400, "This video is not finished yet"]);
});
