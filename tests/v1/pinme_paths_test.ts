/** The paths that clients of PinMe append to their base URL. */
import { assertEquals } from "@std/assert";
import handler from "../../functions/v1/index.ts";
import { createEnvironment, send, TOKEN } from "../support/caller.ts";
import { completion, createUpstream } from "../support/upstream.ts";

const messages = [{ role: "user", content: "Hello" }];
const PATH = "/v1/api/v1/chat/completions?project_name=my%20shop";
const KEY = { token: null, headers: { "X-API-Key": TOKEN } };

Deno.test("v1 serves the paths of PinMe's clients, with the token in X-API-Key", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() }, { json: completion() }, {
    json: { data: [{ id: "a/b" }] },
  });
  const environment = createEnvironment({ OPENROUTER_BASE_URL: upstream.url });
  for (const path of [PATH, "/v1?route=api/v1/chat/completions&project_name=x"]) {
    const { status, body } = await send(handler, environment, { messages }, { ...KEY, path });
    assertEquals([status, body], [200, completion()]);
  }
  const options = { ...KEY, method: "GET", path: "/v1/api/v1/models" };
  const { status, body } = await send(handler, environment, undefined, options);
  assertEquals([status, body.data[0].id], [200, "a/b"]);
  assertEquals(upstream.requests.map(({ path }) => path), [
    "/api/v1/chat/completions",
    "/api/v1/chat/completions",
    "/api/v1/models?output_modalities=all",
  ]);
});

Deno.test("errors on PinMe's paths have PinMe's envelope and OpenAI's error", async () => {
  const refused = await send(handler, createEnvironment(), { messages: [] }, {
    ...KEY,
    path: PATH,
  });
  const message = '"messages" must be a non-empty array';
  const { error, ...envelope } = refused.body;
  assertEquals([refused.status, envelope], [400, {
    code: 400,
    msg: "invalid params",
    data: { error: message },
  }]);
  assertEquals([error.message, error.code], [message, 400]);
  const anonymous = { token: null, path: "/v1?route=api/v1/models", method: "GET" };
  const { status, body } = await send(handler, createEnvironment(), undefined, anonymous);
  assertEquals([status, body.code, body.msg, body.data], [401, 401, "error", {
    error: "No token provided",
  }]);
});
