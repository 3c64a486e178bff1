/** JSON of the gateway: parsed, judged, fetched. */
import { assertEquals } from "@std/assert";
import { chooseGateway } from "../../../shared/gateway/gateway.ts";
import { createApp } from "../../../shared/http/app.ts";
import { chatProtocol } from "../../../shared/openrouter/chat_protocol.ts";
import {
  fetchJson,
  parseResponse,
  readFailure,
} from "../../../shared/openrouter/json_responses.ts";
import { createSettings } from "../../../shared/settings.ts";
import { createEnvironment, logs, send } from "../../support/caller.ts";
import { createUpstream, streamOf } from "../../support/upstream.ts";

const { app, handler } = createApp("probe");
app.get("/list", async (c) => c.json(await fetchJson<object>(c.env, "/models", () => {})));

Deno.test("parses JSON, keeps other text, and returns null for an empty body", () => {
  assertEquals(parseResponse('{"a":1}'), { a: 1 });
  assertEquals(parseResponse("<html>"), "<html>");
  assertEquals(parseResponse(""), null);
});

Deno.test("puts the events of a stream together when the API has a protocol", () => {
  const text = streamOf("Hel", "lo").join("");
  const { choices } = parseResponse(text, chatProtocol) as { choices: { message: object }[] };
  assertEquals(choices[0]!.message, { role: "assistant", content: "Hello" });
  assertEquals(parseResponse(text), text);
});

Deno.test("leaves out events that hold no object", () => {
  const text = `data: null\n\ndata: 5\n\n${streamOf("Hello").join("")}data: [1]\n\n`;
  const { choices } = parseResponse(text, chatProtocol) as { choices: { message: object }[] };
  assertEquals(choices[0]!.message, { role: "assistant", content: "Hello" });
  assertEquals(parseResponse("data: null\n\n", chatProtocol), "data: null\n\n");
});

Deno.test("reports 502 for a body that is not an object, and the error inside an object", () => {
  const gateway = chooseGateway(createSettings(createEnvironment()));
  const read = (value: unknown) => readFailure(value, new Response(), gateway)?.status;
  for (const value of [null, "text", 5, undefined]) assertEquals(read(value), 502);
  assertEquals(read({ error: { code: 429, message: "slow down" } }), 429);
  assertEquals(read({ choices: [] }), undefined);
});

Deno.test("fetches without a caller and without a charge", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: { data: [] } });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  const { body } = await send(handler, environment, undefined, { method: "GET", path: "/list" });
  assertEquals(body, { data: [] });
  assertEquals([upstream.requests[0]!.method, upstream.requests[0]!.body], ["GET", undefined]);
  assertEquals(logs.at(-1)!.cost, undefined);
});
