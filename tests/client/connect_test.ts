/** `ai.connect`: the requests it sends, and the URL it leaves in the address bar. */
import { assertEquals, assertRejects } from "@std/assert";
import { AiError } from "../../client/mod.ts";
import { createUpstream } from "../support/upstream.ts";
import { createClientOf } from "./host.ts";
import { openPage } from "./page.ts";

const PAGE = "https://app.example.com/settings?tab=ai";
const CONNECTED = { connected: true, required: false, valid: true };

Deno.test("ai.connect names its operations in the query and reads the status by GET", async () => {
  await using host = await createUpstream();
  const { connect } = createClientOf(host);
  const url = "https://openrouter.ai/auth?…";
  host.reply({ json: { url } }, { json: CONNECTED }, { json: { connected: false } });
  assertEquals(await connect.start(PAGE), { url });
  assertEquals(await connect.status(), CONNECTED);
  assertEquals((await connect.disconnect()).connected, false);
  assertEquals(host.requests.map(({ method, path, body }) => [method, path, body]), [
    ["POST", "/api/v1/connect?route=start", { return_url: PAGE }],
    ["GET", "/api/v1/connect?route=status", undefined],
    ["POST", "/api/v1/connect?route=disconnect", {}],
  ]);
});

Deno.test("ai.connect.useKey posts the key", async () => {
  await using host = await createUpstream();
  const { connect } = createClientOf(host);
  host.reply({ json: CONNECTED });
  assertEquals(await connect.useKey("sk-or-v1-1"), CONNECTED);
  const { method, path, body } = host.requests[0]!;
  assertEquals([method, path], ["POST", "/api/v1/connect?route=key"]);
  assertEquals(body, { key: "sk-or-v1-1" });
});

Deno.test("ai.connect.finish posts code and state of the URL, and does nothing on other pages", async () => {
  await using host = await createUpstream();
  const { connect } = createClientOf(host);
  assertEquals(await connect.finish({ url: PAGE }), undefined);
  assertEquals(await connect.finish({ url: `${PAGE}&code=of-another-flow` }), undefined);
  host.reply({ json: CONNECTED });
  const url = `${PAGE}&connect_state=a.b-_&code=c%2F1#top`;
  assertEquals(await connect.finish({ url }), CONNECTED);
  const { method, path, body } = host.requests[0]!;
  assertEquals([method, path], ["POST", "/api/v1/connect?route=callback"]);
  assertEquals(body, { code: "c/1", state: "a.b-_" });
});

Deno.test("ai.connect.finish cleans the address bar before it sends the code", async () => {
  await using host = await createUpstream();
  const { connect } = createClientOf(host);
  const refused = {
    error: "FORBIDDEN",
    message: "The connection was started by another user",
    statusCode: 403,
  };
  using page = openPage(`${PAGE}&connect_state=s&code=c#top`);
  host.reply(() => {
    assertEquals(page.url, `${PAGE}#top`);
    return { status: 403, json: refused };
  });
  const error = await assertRejects(() => connect.finish(), AiError);
  assertEquals([error.status, error.code], [403, "FORBIDDEN"]);
  assertEquals(await connect.finish(), undefined);
});
