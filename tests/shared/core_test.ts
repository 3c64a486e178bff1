/** The parts behind `withAi`, used for a function with two routes. */
import { assertEquals } from "@std/assert";
import * as z from "zod/mini";
import * as core from "../../shared/core.ts";
import { createEnvironment, send } from "../support/caller.ts";
import { createUpstream, streamOf } from "../support/upstream.ts";

const { app, handler } = core.createApp("notes");

app.post("/stream", async ({ env: call }) => {
  await core.requireUser(call);
  const { text } = await core.readBody(call, z.object({ text: z.string() }));
  const messages = [{ role: "user", content: text }];
  return core.eventStream(call, await core.streamCompletion(call, { model: "a/b", messages }));
});

app.get("/teapot", async ({ env: call }) => {
  await core.requireUser(call);
  throw new core.ApiError(400, "INVALID_INPUT", "I am a teapot");
});

Deno.test("a function with several routes streams and renders errors", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ sse: streamOf("Hi") });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const { text } = await send(handler, environment, { text: "a" }, { path: "/notes/stream" });
  assertEquals(text, streamOf("Hi").join(""));
  const options = { method: "GET", path: "/notes/teapot" };
  const { status, body } = await send(handler, environment, undefined, options);
  assertEquals([status, body.message], [400, "I am a teapot"]);
});

Deno.test("exports every part that the design names", () => {
  const parts = [
    "ApiError",
    "createApp",
    "createCompletion",
    "createEmbeddings",
    "createImages",
    "createSettings",
    "eventStream",
    "invalidInput",
    "readBody",
    "readRows",
    "requireProjectKey",
    "requireUser",
    "streamCompletion",
  ];
  assertEquals(Object.keys(core).sort(), parts);
});
