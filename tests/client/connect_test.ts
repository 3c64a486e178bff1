/** `ai.connect`: what it sends, and what it leaves in the address bar. */
import { assertEquals, assertRejects } from "@std/assert";
import { AiError } from "../../client/mod.ts";
import { createUpstream } from "../support/upstream.ts";
import { createClientOf } from "./host.ts";

const PAGE = "https://app.example.com/settings?tab=ai";
const CONNECTED = { connected: true, required: false, valid: true };

Deno.test("ai.connect starts, asks and disconnects by query, the status without a body", async () => {
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

Deno.test("ai.connect.finish posts what the address holds, and does nothing on other pages", async () => {
  await using host = await createUpstream();
  const { connect } = createClientOf(host);
  assertEquals(await connect.finish({ address: PAGE }), undefined);
  assertEquals(await connect.finish({ address: `${PAGE}&code=somebody-elses` }), undefined);
  host.reply({ json: CONNECTED });
  const address = `${PAGE}&connect_state=a.b-_&code=c%2F1#top`;
  assertEquals(await connect.finish({ address }), CONNECTED);
  const [{ method, path, body }] = host.requests;
  assertEquals([method, path], ["POST", "/api/v1/connect?route=callback"]);
  assertEquals(body, { code: "c/1", state: "a.b-_" });
});

Deno.test("ai.connect.finish cleans the address bar before it sends, also when that fails", async () => {
  await using host = await createUpstream();
  const { connect } = createClientOf(host);
  const refused = { error: "FORBIDDEN", message: "Another user has started this", statusCode: 403 };
  using page = openPage(`${PAGE}&connect_state=s&code=c#top`);
  host.reply(() => {
    assertEquals(page.address, `${PAGE}#top`);
    return { status: 403, json: refused };
  });
  const error = await assertRejects(() => connect.finish(), AiError);
  assertEquals([error.status, error.code], [403, "FORBIDDEN"]);
  assertEquals(await connect.finish(), undefined);
});

/** As much of a browser's page as is needed. */
function openPage(address: string) {
  const page = {
    address,
    [Symbol.dispose]() {
      Reflect.deleteProperty(globalThis, "location");
      Reflect.deleteProperty(globalThis, "history");
    },
  };
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { configurable: true, value });
  define("location", {
    get href() {
      return page.address;
    },
  });
  define("history", {
    state: null,
    replaceState: (_state: unknown, _title: string, url: string) => void (page.address = url),
  });
  return page;
}
