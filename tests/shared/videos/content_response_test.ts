import { assertEquals } from "@std/assert";
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
