import { assertEquals } from "@std/assert";
import { createApp } from "../../../shared/http/app.ts";
import { type ByteSource, eventStream } from "../../../shared/http/event_stream.ts";
import { formatEvent } from "../../../shared/http/sse.ts";
import { createEnvironment, createRequest, logs } from "../../support/caller.ts";

/** A source of two events; `happened` records when it was cancelled and when the call ended. */
const happened: string[] = [];
function createSource(): ByteSource {
  const events = [formatEvent('{"a":1}'), formatEvent("[DONE]")];
  return {
    read: () => Promise.resolve(events.shift()),
    cancel: () => Promise.resolve(void happened.push("cancel")),
  };
}

const { app, handler } = createApp("probe");
app.post("/", ({ env: call }) => {
  call.atEnd(() => Promise.resolve(void happened.push("task")));
  return eventStream(call, createSource());
});

function call(): Promise<Response> {
  happened.length = 0;
  return handler(createRequest({}), createEnvironment());
}

Deno.test("eventStream has the headers of an event stream that proxies do not buffer", async () => {
  const { status, headers, body } = await call();
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/event-stream");
  assertEquals(headers.get("cache-control"), "no-cache");
  assertEquals(headers.get("x-accel-buffering"), "no");
  await body!.cancel();
});

Deno.test("the call ends, with its tasks and its log line, after the last event", async () => {
  const lines = logs.length;
  const response = await call();
  assertEquals([happened.length, logs.length], [0, lines]);
  assertEquals(await response.text(), 'data: {"a":1}\n\ndata: [DONE]\n\n');
  assertEquals([happened, logs.length, logs.at(-1)!.status], [["task"], lines + 1, 200]);
});

Deno.test("the call ends when the caller closes the connection", async () => {
  const lines = logs.length;
  const reader = (await call()).body!.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals([happened, logs.length], [["cancel", "task"], lines + 1]);
});
