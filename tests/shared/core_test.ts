/** The parts behind `withAi`, used for a function with two routes. */
import { assertEquals } from "@std/assert";
import * as z from "zod/mini";
import * as core from "../../shared/core.ts";
import { createEnvironment, send } from "../support/caller.ts";
import { setAssistants } from "../support/assistants.ts";
import { completion, createUpstream, streamOf } from "../support/upstream.ts";

const { app, handler } = core.createApp("notes");

app.post("/stream", async ({ env: call }) => {
  await core.requireUser(call);
  const { text } = await core.readBody(call, z.object({ text: z.string() }));
  const messages = [{ role: "user", content: text }];
  return core.eventStream(call, await core.streamCompletion(call, { model: "a/b", messages }));
});

app.post("/help", async ({ env: call }) => {
  await core.requireUser(call);
  const messages = [{ role: "user", content: "Hi" }];
  const params = core.applyAssistant(call, { assistant: "support", messages });
  return Response.json(await core.createCompletion(call, params));
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

Deno.test("a function with several routes answers as an assistant, also with ASSISTANTS_ONLY", async () => {
  setAssistants({ support: "---\nmodel: a/b\n---\nBe brief." });
  for (const ASSISTANTS_ONLY of ["false", "true"]) {
    await using upstream = await createUpstream();
    upstream.reply({ json: completion() });
    const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url, ASSISTANTS_ONLY });
    const { status } = await send(handler, environment, {}, { path: "/notes/help" });
    const { model, messages } = upstream.requests[0]!.body;
    assertEquals([status, model, messages[0].content], [200, "a/b", "Be brief."]);
  }
});

Deno.test("refuses a call without an assistant when ASSISTANTS_ONLY is set", async () => {
  const environment = createEnvironment({ ASSISTANTS_ONLY: "true" });
  const { status, body } = await send(handler, environment, { text: "a" }, {
    path: "/notes/stream",
  });
  assertEquals([status, body.error], [403, "FORBIDDEN"]);
  assertEquals(body.message, "This app can only be used through its assistants");
});

Deno.test("lets a function that writes its prompts itself call models", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const { app, handler } = core.createApp("own", { ownPrompts: true });
  app.post("/", async ({ env: call }) => {
    await core.requireUser(call);
    const messages = [{ role: "system", content: "Be brief." }];
    return Response.json(await core.createCompletion(call, { model: "a/b", messages }));
  });
  const values = { OPENROUTER_BASE_URL: upstream.url, ASSISTANTS_ONLY: "true" };
  assertEquals((await send(handler, createEnvironment(values), {}, { path: "/own" })).status, 200);
});

Deno.test("exports every part that the design names", () => {
  const parts = [
    "ApiError",
    "applyAssistant",
    "createApp",
    "createCompletion",
    "createEmbeddings",
    "createImages",
    "createRanking",
    "createSettings",
    "createSpeech",
    "createTranscription",
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
